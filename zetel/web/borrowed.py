"""Sentences of Django that a person can meet here and that Django's Dutch says with "u".

Naming them makes them ours: their Dutch stands in `locale/nl/account.po`, with "je" as everywhere else, and wins over
Django's because our texts are looked up first.
"""

from django.utils.translation import gettext_noop, ngettext_lazy

ABOUT_PASSWORDS = (
    gettext_noop("Your password can’t be too similar to your other personal information."),
    gettext_noop("Your password can’t be a commonly used password."),
    gettext_noop("Your password can’t be entirely numeric."),
    ngettext_lazy(
        "Your password must contain at least %(min_length)d character.",
        "Your password must contain at least %(min_length)d characters.",
        "min_length",
    ),
)
