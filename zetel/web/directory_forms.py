"""The forms of the directory. They check what a field can check; whether it may be done is for the actions.

What a rule refuses about a single field (a name, an address) is said at that field, in the rule's own words.
"""

from collections.abc import Callable, Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from zetel.models import Space
from zetel.models.spaces import ORGANIZATION, WORKSPACE
from zetel.rules import names
from zetel.rules.errors import ZetelError
from zetel.web import places
from zetel.web.errors import sentence
from zetel.web.forms import Card, RadioCards, ZetelForm

ADDRESSES_AT_ONCE = 20
SEARCH_LENGTH_MAX = 100


class RuleField(forms.CharField):
    """A text that a rule brings into its kept form, or refuses in words."""

    rule: Callable[[str], str]

    def clean(self, value: Any) -> str:
        text = super().clean(value)
        if not text:
            return ""
        try:
            return type(self).rule(text)
        except ZetelError as error:
            raise ValidationError(sentence(error)) from error


class NameField(RuleField):
    """A name of a person or space."""

    rule = staticmethod(names.name)

    def __init__(self, *, autocomplete: str = "off", **facts: Any) -> None:
        widget = forms.TextInput(attrs={"autocomplete": autocomplete, "dir": "auto"})
        super().__init__(max_length=names.NAME_LENGTH_MAX, widget=widget, **facts)


class DomainField(RuleField):
    """A domain as it is kept."""

    rule = staticmethod(names.domain)


class PlaceForm(ZetelForm):
    """What a workspace or organization says of itself."""

    name = NameField(label=_("Name"))
    country = forms.ChoiceField(label=_("Country"), choices=places.countries)
    time_zone = forms.ChoiceField(label=_("Time zone"), choices=places.time_zones)


class NewSpaceForm(PlaceForm):
    """A new workspace, or an organization on a domain that the person's own address proves."""

    kind = forms.ChoiceField(label=_("What do you want to create?"), widget=RadioCards)
    domain = forms.ChoiceField(
        label=_("E-mail domain of the organization"),
        help_text=_("Whoever has a verified address on it is a member. Others join as guests."),
    )
    field_order = ("kind", "name", "domain", "country", "time_zone")

    def __init__(self, *args: Any, domains: Sequence[str], **facts: Any) -> None:
        super().__init__(*args, **facts)
        readable = [names.readable_domain(name) for name in domains]
        self._choose("kind", [(WORKSPACE, self._workspace()), (ORGANIZATION, self._organization(readable))])
        self._choose("domain", list(zip(domains, readable, strict=True)))
        self.only_domain = domains[0] if len(domains) == 1 else ""
        if len(domains) < 2:
            del self.fields["domain"]  # nothing to choose: the card names the one there is

    def _workspace(self) -> Card:
        return Card(
            str(_("A workspace")), str(_("For one group of people, whatever their e-mail addresses."))
        )

    def _organization(self, domains: Sequence[str]) -> Card:
        text = _("For a company: people with its e-mail domain, and their teams.")
        reason = "" if domains else _("For this you need a verified e-mail address at your own company.")
        return Card(str(_("An organization")), str(text), aside=", ".join(domains[:2]), closed=str(reason))

    def _choose(self, field: str, choices: list[tuple[str, Any]]) -> None:
        choice = self.fields[field]
        assert isinstance(choice, forms.ChoiceField)
        choice.choices = choices

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        return {"domain": self.only_domain, **data}


class NameForm(ZetelForm):
    """A name alone: of a new team or division, or of one that is renamed."""

    name = NameField(label=_("Name"))


class TeamForm(NameForm):
    """A team as an admin of its organization edits it: name and division."""

    division = forms.ChoiceField(label=_("Division"), required=False)

    def __init__(self, *args: Any, divisions: Sequence[Space], **facts: Any) -> None:
        super().__init__(*args, **facts)
        choice = self.fields["division"]
        assert isinstance(choice, forms.ChoiceField)
        choice.choices = [("", _("No division")), *((row.public_id, row.name) for row in divisions)]


class DomainForm(ZetelForm):
    """A domain to tie to the organization."""

    domain = DomainField(
        label=_("E-mail domain"),
        max_length=names.DOMAIN_LENGTH_MAX,
        help_text=_("For example example.com. You, or another member, must have a verified address on it."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "url", "spellcheck": "false"}),
    )


class InviteForm(ZetelForm):
    """Addresses to invite, as people paste them."""

    emails = forms.CharField(
        label=_("E-mail addresses"),
        max_length=names.EMAIL_LENGTH_MAX * ADDRESSES_AT_ONCE,
        help_text=format_lazy(
            _("At most {count} at once, separated by commas or lines."), count=ADDRESSES_AT_ONCE
        ),
        widget=forms.Textarea(attrs={"rows": 2, "autocomplete": "off", "spellcheck": "false"}),
    )

    def clean_emails(self) -> list[str]:
        typed = str(self.cleaned_data["emails"]).replace(";", " ").replace(",", " ").split()
        addresses: list[str] = []
        for text in typed[: ADDRESSES_AT_ONCE + 1]:
            try:
                addresses.append(names.email(text.strip("<>")))
            except ZetelError as error:
                raise ValidationError(
                    _("%(typed)s is no e-mail address."), params={"typed": text[:60]}, code="invalid"
                ) from error
        if len(typed) > ADDRESSES_AT_ONCE:
            raise ValidationError(_("These are too many at once."), code="too_many")
        return list(dict.fromkeys(addresses))


class ProfileForm(ZetelForm):
    """A person's own name, language and time zone."""

    name = NameField(label=_("Name"), autocomplete="name")
    language = forms.ChoiceField(label=_("Language"), choices=[("nl", "Nederlands"), ("en", "English")])
    time_zone = forms.ChoiceField(label=_("Time zone"), choices=places.time_zones)


class SignupForm(forms.Form):
    """What we ask for beside the address and password; allauth builds its own form on this one."""

    name = NameField(label=_("Your name"), autocomplete="name")
    field_order = ("name", "email", "password1")

    def signup(self, request: HttpRequest, user: object) -> None:
        """allauth asks for this; the adapter has kept everything by now."""


assert {code for code, _name in settings.LANGUAGES} == {"nl", "en"}, (
    "the profile offers every language there is"
)
