"""What people type on the hosted pages, checked before anything is kept.

Only documented test numbers are taken, so a real card typed by mistake is refused and goes no further than this
memory. Number, code and password are never rendered back into a page.
"""

import re
from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from zetel.sandbox.behaviours import PASSWORD, Account, Card, account, card

YEARS_AHEAD_MAX = 20


def passes_check_digit(number: str) -> bool:
    """The Luhn check that every card number carries."""
    doubled = sum(sum(divmod(2 * int(digit), 10)) for digit in number[-2::-2])
    return (doubled + sum(int(digit) for digit in number[-1::-2])) % 10 == 0


def _last_day(month: int, year: int) -> date:
    return date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)


class NeverEchoed(forms.TextInput):
    """A field that comes back empty, as password fields do."""

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        return super().get_context(name, None, attrs)


class CardForm(forms.Form):
    """`cleaned_data` holds `card` (Card) and `expires_on` (date)."""

    # autocomplete is off because a browser would offer the person's real card here.
    number = forms.CharField(
        label=_("Card number"),
        max_length=40,
        help_text=_("4242 4242 4242 4242 always succeeds; more numbers below."),
        error_messages={"required": _("Type a card number.")},
        widget=NeverEchoed(
            attrs={"inputmode": "numeric", "autocomplete": "off", "placeholder": "0000 0000 0000 0000"}
        ),
    )
    expiry = forms.CharField(
        label=_("Expires (MM/YY)"),
        max_length=9,
        error_messages={"required": _("Type when it expires, like 12/34.")},
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "placeholder": "12/34"}),
    )
    cvc = forms.CharField(
        label=_("Security code"),
        max_length=4,
        error_messages={"required": _("Type the 3 digits.")},
        widget=NeverEchoed(attrs={"inputmode": "numeric", "autocomplete": "off", "placeholder": "123"}),
    )

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today

    def clean_number(self) -> Card:
        digits = re.sub(r"[\s-]", "", self.cleaned_data["number"])
        if not re.fullmatch(r"[0-9]{12,19}", digits):
            raise forms.ValidationError(_("A card number has 16 digits."))
        if not passes_check_digit(digits):
            raise forms.ValidationError(_("There is a typing mistake in this number."))
        known = card(digits)
        if known is None:
            raise forms.ValidationError(
                _("This is not a test number. Never type a real card here; choose a number from the list.")
            )
        return known

    def clean_expiry(self) -> date:
        found = re.fullmatch(
            r"\s*(0?[1-9]|1[0-2])\s*[/ .-]?\s*(?:20)?([0-9]{2})\s*", self.cleaned_data["expiry"], re.A
        )
        if found is None:
            raise forms.ValidationError(_("Type month and year, like 12/34."))
        expires_on = _last_day(int(found[1]), 2000 + int(found[2]))
        if expires_on < self.today:
            raise forms.ValidationError(_("This card has expired."))
        if expires_on.year > self.today.year + YEARS_AHEAD_MAX:
            raise forms.ValidationError(_("This is too far ahead."))
        return expires_on

    def clean_cvc(self) -> str:
        if not re.fullmatch(r"[0-9]{3}", self.cleaned_data["cvc"]):
            raise forms.ValidationError(_("Type the 3 digits."))
        return ""  # looked at, and gone


class LoginForm(forms.Form):
    """`found` is the test account when the form is valid."""

    found: Account

    email = forms.CharField(
        label=_("E-mail address"),
        max_length=254,
        error_messages={"required": _("Type the e-mail address of a test account.")},
        widget=forms.EmailInput(attrs={"autocomplete": "off", "placeholder": "anna@paypal.example"}),
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=100,
        error_messages={"required": _("Type the password.")},
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "email" in cleaned and "password" in cleaned:
            found = account(cleaned["email"])
            if found is None or cleaned.pop("password") != PASSWORD:
                self.add_error("password", _("E-mail address or password is not right."))
            else:
                self.found = found
        return cleaned
