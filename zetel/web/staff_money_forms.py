"""The forms in which staff correct money; amounts are written with a comma or a point, and each has its reason."""

import uuid
from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from zetel.actions.cancel_now import Unused
from zetel.actions.credit_notes import GoesTo, Wish
from zetel.actions.reasons import REASON_MAX
from zetel.models import CatalogVersion, Invoice, InvoiceLine
from zetel.rules.credits import Creditable
from zetel.rules.errors import ZetelError
from zetel.rules.money import Money, parse_plain
from zetel.templatetags.zetel import amount, shortdate
from zetel.web.errors import sentence
from zetel.web.forms import Card, RadioCards, ZetelForm
from zetel.web.words import plan_name

LINES_MAX = 50


class ReasonForm(ZetelForm):
    """Why; the customer reads it."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=REASON_MAX,
        help_text=_("It stays in the audit trail, and the customer reads it on the timeline."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class CreditForm(ReasonForm):
    """How much of an invoice, and where what was paid goes."""

    what = forms.ChoiceField(label=_("How much"), widget=RadioCards, initial="whole")
    amount = forms.CharField(
        label=_("Amount including VAT"), required=False, max_length=20,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )  # fmt: skip
    goes_to_field = forms.ChoiceField(label=_("What was paid"), widget=RadioCards, initial="balance")
    left = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(
        self, *args: Any, invoice: Invoice, left: Creditable, lines: Mapping[uuid.UUID, InvoiceLine],
        refundable: int,
    ) -> None:  # fmt: skip
        super().__init__(*args)
        self.currency = invoice.currency
        whole = amount(Money(left.gross, self.currency))
        self.fields["what"].choices = [  # type: ignore[attr-defined]  # of a choice field
            ("whole", Card(gettext("Everything that is left"), aside=whole)),
            ("amount", Card(gettext("An amount including VAT"))),
            ("lines", Card(gettext("Parts of lines"), gettext("Amounts excluding VAT, line by line."))),
        ]
        back = amount(Money(refundable, self.currency))
        self.fields["goes_to_field"].choices = [  # type: ignore[attr-defined]
            ("balance", Card(gettext("Becomes balance"), gettext("It pays the next invoices first."))),
            (
                "refund",
                Card(
                    gettext("Goes back to the payer"),
                    gettext("At most %(amount)s, through the payment company; the rest becomes balance.")
                    % {"amount": back},
                    closed="" if refundable else gettext("nothing was paid"),
                ),
            ),
        ]
        self.fields["left"].initial = left.gross
        self.line_names = self._add_lines(left, lines)
        self.order_fields(["what", "amount", *self.line_names, "goes_to_field", "reason", "left"])

    def _add_lines(self, left: Creditable, lines: Mapping[uuid.UUID, InvoiceLine]) -> dict[str, str]:
        """One field for each line that has something left: name to the line's id."""
        names, catalog = {}, CatalogVersion.objects.current()
        for number, (line_id, net) in enumerate(left.nets.items()):
            line = lines.get(uuid.UUID(line_id))
            if not net or line is None or number >= LINES_MAX:
                continue
            name = f"line_{number}"
            self.fields[name] = forms.CharField(
                label=f"{plan_name(catalog, line.plan)}, {shortdate(line.start)} – {shortdate(line.end)}",
                help_text=gettext("At most %(amount)s excluding VAT.")
                % {"amount": amount(Money(net, self.currency))},
                required=False, max_length=20, widget=forms.TextInput(attrs={"inputmode": "decimal"}),
            )  # fmt: skip
            names[name] = line_id
        return names

    def clean(self) -> dict[str, Any]:
        told: dict[str, Any] = super().clean() or {}
        if told.get("what") == "amount" and not self._parsed("amount"):
            self._missing("amount")
        if told.get("what") == "lines" and not sum(self._parsed(name) for name in self.line_names):
            self._missing(next(iter(self.line_names), "what"))
        return told

    def _parsed(self, name: str) -> int:
        text = str(self.cleaned_data.get(name) or "").strip().replace(",", ".")
        if not text:
            return 0
        try:
            parsed = parse_plain(text, self.currency)
        except ZetelError as refusal:
            self.add_error(name, sentence(refusal))
            return 1
        if parsed <= 0:
            self.add_error(name, sentence(ZetelError("amount_invalid", text=text, currency=self.currency)))
            return 1
        return parsed

    def _missing(self, name: str) -> None:
        if name not in self.errors:
            self.add_error(name, sentence(ZetelError("value_required", field=name)))

    def wish(self) -> Wish:
        what = self.cleaned_data["what"]
        if what == "amount":
            return Wish(amount=self._parsed("amount"))
        if what == "lines":
            nets = {line_id: self._parsed(name) for name, line_id in self.line_names.items()}
            return Wish(lines={line_id: net for line_id, net in nets.items() if net})
        return Wish()

    def goes_to(self) -> GoesTo:
        return "refund" if self.cleaned_data["goes_to_field"] == "refund" else "balance"


class CancelForm(ReasonForm):
    """What becomes of the days that were paid for and are not used."""

    unused = forms.ChoiceField(
        label=_("What is unused"), widget=RadioCards, initial="kept",
        choices=[
            ("kept", Card(str(_("Is not credited")))),
            ("balance", Card(str(_("Becomes balance")))),
            ("refund", Card(str(_("Goes back to the payer")))),
        ],
    )  # fmt: skip

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.fields["unused"].choices = [  # type: ignore[attr-defined]  # of a choice field
            ("kept", Card(gettext("Is not credited"), gettext("What was paid stays paid."))),
            ("balance", Card(gettext("Becomes balance"), gettext("It pays the next invoices first."))),
            (
                "refund",
                Card(gettext("Goes back to the payer"), gettext("As far as it was paid by card or PayPal.")),
            ),
        ]
        self.order_fields(["unused", "reason"])

    def choice(self) -> tuple[Unused, GoesTo]:
        unused = self.cleaned_data["unused"]
        return ("kept" if unused == "kept" else "credited"), ("refund" if unused == "refund" else "balance")
