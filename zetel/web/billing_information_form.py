"""The form for billing information, in the address form of the customer's country (screens 2.4 and 3).

Choosing another country draws the form again with that country's fields and keeps what was typed: by htmx at once, and
without JavaScript by sending the form, because it carries the country it was drawn for. Nothing is saved then.
"""

from collections.abc import Mapping
from typing import Any, Self

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from zetel.actions.addresses import AddressForm, form_of
from zetel.actions.customers import LONGEST, BillingInformation, checked
from zetel.models import Customer
from zetel.rules.errors import ZetelError
from zetel.rules.tax_rates import EU_COUNTRIES
from zetel.web import places
from zetel.web.forms import Segments, ZetelForm

REARRANGE = "country"
"""The value of `act` that asks for another country's fields."""

_BEFORE = ("name", "company", "country")
_AFTER = ("vat_number", "invoice_email", "reference", "language", "time_zone", "drawn_for")

_KIND_LABELS: Mapping[str, str | Promise] = {
    "postal": _("Postal code"), "zip": _("ZIP code"), "pin": _("PIN code"), "eircode": _("Eircode"),
    "city": _("City"), "post_town": _("Post town"), "suburb": _("Suburb"), "district": _("District"),
    "province": _("Province"), "state": _("State"), "county": _("County"), "prefecture": _("Prefecture"),
    "emirate": _("Emirate"), "area": _("Area"), "department": _("Department"), "island": _("Island"),
    "parish": _("Parish"), "oblast": _("Oblast"), "do_si": _("Province or city"),
}  # fmt: skip
_SENTENCES: Mapping[str, str | Promise] = {
    "value_required": _("Fill this in."),
    "value_too_long": _("This is too long."),
    "value_invalid": _("This contains characters that cannot be printed. Type it again."),
    "country_invalid": _("Choose a country."),
    "email_invalid": _("This is not an e-mail address."),
    "language_invalid": _("Choose a language."),
    "time_zone_invalid": _("Choose a time zone."),
    "vat_number_malformed": _("This is not a VAT number of this country. Check the digits."),
}


class BillingInformationForm(ZetelForm):
    """Unbound when the country was just changed, so that nobody is scolded for fields they have not seen yet."""

    name = forms.CharField(
        label=_("Name"), max_length=LONGEST["name"], help_text=_("Who receives the invoice.")
    )
    company = forms.CharField(label=_("Company"), max_length=LONGEST["company"], required=False)
    country = forms.ChoiceField(label=_("Country"))
    address_line1 = forms.CharField(label=_("Street and number"), max_length=LONGEST["address_line1"])
    address_line2 = forms.CharField(
        label=_("Address, second line"), max_length=LONGEST["address_line2"], required=False
    )
    postal_code = forms.CharField(max_length=LONGEST["postal_code"])
    city = forms.CharField(max_length=LONGEST["city"])
    region = forms.CharField(max_length=LONGEST["region"])
    vat_number = forms.CharField(label=_("VAT number"), max_length=LONGEST["vat_number"], required=False)
    invoice_email = forms.EmailField(
        label=_("Invoice e-mail"), max_length=LONGEST["invoice_email"], required=False,
        help_text=_("For example your accounts department. The billing owner always gets the invoice too."),
    )  # fmt: skip
    reference = forms.CharField(
        label=_("Reference or purchase-order number"), max_length=LONGEST["reference"], required=False,
        help_text=_("Printed on your next invoices."),
    )  # fmt: skip
    language = forms.ChoiceField(
        label=_("Language of invoices"), choices=[("nl", "Nederlands"), ("en", "English")], widget=Segments
    )
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        help_text=_("Decides on which day a period starts. A new one counts from the next period."),
    )
    drawn_for = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(
        self, data: Mapping[str, Any] | None = None, *, initial: Mapping[str, Any] | None = None
    ) -> None:
        before = dict(initial or {})
        country = str((data if data is not None else before).get("country") or "NL")
        self.rearranged = data is not None and (
            data.get("act") == REARRANGE or data.get("drawn_for") != country
        )
        if data is not None and self.rearranged:
            before |= {name: data.get(name, "") for name in self.base_fields}
            data = None
        super().__init__(data, initial=before | {"country": country, "drawn_for": country})
        self.initial["drawn_for"] = country
        self.address = form_of(country)
        self._fit(country)

    @classmethod
    def of(cls, customer: Customer, data: Mapping[str, Any] | None = None) -> Self:
        """The form filled with what is on file."""
        return cls(data, initial={name: getattr(customer, name) for name in cls.base_fields if name in _KEPT})

    def _fit(self, country: str) -> None:
        """Leave the fields that addresses of this country have, in its order and under its names."""
        address, fields = self.address, self.fields
        for part in ("postal_code", "city", "region"):
            if part not in address.parts:
                del fields[part]
                continue
            fields[part].label = str(_KIND_LABELS.get(address.kinds[part], _KIND_LABELS["province"]))
            fields[part].required = part in address.required
        if "postal_code" in fields and address.postal_examples:
            example = {"example": address.postal_examples[0]}
            fields["postal_code"].help_text = gettext("For example %(example)s") % example
        if "region" in fields and address.regions:
            fields["region"] = _region_field(address, fields["region"], str(self.initial.get("region") or ""))
        fields["country"] = _country_field()
        fields["time_zone"] = _zone_field(fields["time_zone"], str(self.initial.get("time_zone") or ""))
        if country in EU_COUNTRIES:
            prefix = "EL" if country == "GR" else country
            fields["vat_number"].help_text = gettext("With or without %(prefix)s in front.") % {
                "prefix": prefix
            }
        else:
            fields["vat_number"].label = gettext("Tax number")
        lines = " ".join(address.parts).replace("address_line1", "address_line1 address_line2").split()
        self.order_fields([*_BEFORE, *lines, *_AFTER])
        for name, purpose in _AUTOCOMPLETE.items():
            if name in fields:
                fields[name].widget.attrs["autocomplete"] = purpose

    def clean_postal_code(self) -> str:
        code = str(self.cleaned_data["postal_code"]).upper()
        if code and not self.address.is_postal_code(code):
            raise forms.ValidationError(gettext("This is not a postal code of this country."))
        return code

    def clean(self) -> dict[str, Any]:
        """The action's own check, so that its refusal stands beside the field."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors:
            try:
                checked(self.information())
            except ZetelError as error:
                self.refuse(error)
        return cleaned

    def refuse(self, error: ZetelError) -> None:
        """Show a refusal of the action at its field."""
        field = str(error.params.get("field", ""))
        sentence = _SENTENCES.get(error.code, _SENTENCES["value_invalid"])
        self.add_error(field if field in self.fields else None, str(sentence))

    def information(self) -> BillingInformation:
        """What was typed; parts that the country's addresses do not have are empty."""
        names = BillingInformation.__dataclass_fields__
        return BillingInformation(**{name: str(self.cleaned_data.get(name) or "") for name in names})


class OwnerInformationForm(BillingInformationForm):
    """The same for who pays already, with what its owner wants to hear."""

    mails_einvoice = forms.BooleanField(
        label=_("Mail invoices as e-invoice (XML) too"), required=False,
        help_text=_("For software that reads invoices. The PDF always comes along."),
    )  # fmt: skip
    remind_monthly = forms.BooleanField(
        label=_("Mail me 7 days before each monthly renewal"), required=False,
        help_text=_("Before an annual renewal you always get a mail, 30 days ahead."),
    )  # fmt: skip


_KEPT = {*BillingInformation.__dataclass_fields__, "remind_monthly", "mails_einvoice"}
_AUTOCOMPLETE = {
    "name": "name", "company": "organization", "country": "country", "address_line1": "address-line1",
    "address_line2": "address-line2", "postal_code": "postal-code", "city": "address-level2",
    "region": "address-level1", "invoice_email": "off",
}  # fmt: skip


def _region_field(address: AddressForm, field: forms.Field, held: str) -> forms.ChoiceField:
    """A list when the country's regions are known; what is on file stays possible."""
    choices = [("", gettext("Choose")), *address.regions]
    if held and held not in dict(address.regions):
        choices.append((held, held))
    return forms.ChoiceField(label=field.label, required=field.required, choices=choices)


def _country_field() -> forms.ChoiceField:
    """With htmx another choice draws the fields of that country; `act` keeps it from being taken for saving."""
    redraw = {
        "hx-post": "", "hx-select": "#billing-fields", "hx-target": "#billing-fields", "hx-swap": "outerHTML",
        "hx-vals": f'{{"act": "{REARRANGE}"}}',
    }  # fmt: skip
    return forms.ChoiceField(
        label=_("Country"), choices=places.countries(), widget=forms.Select(attrs=redraw)
    )


def _zone_field(field: forms.Field, held: str) -> forms.ChoiceField:
    """The zones of the world by continent, and the one on file if it has another name."""
    groups = places.time_zones()
    if held and not any(held == zone for _group, zones in groups for zone, _label in zones):
        groups = [("", [(held, held)]), *groups]
    return forms.ChoiceField(label=field.label, help_text=field.help_text, choices=groups)
