"""Exports for accountants: which table, which days, which form; the file is streamed (rule R9, finance)."""

from datetime import date, timedelta

from django import forms
from django.conf import settings
from django.http import FileResponse, HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from zetel import clock
from zetel.jobs.exports import Span, csv_of, file_name, xlsx_of
from zetel.rules.periods import local_date
from zetel.rules.roles import Capability
from zetel.web.forms import Card, RadioCards, Segments, ZetelForm
from zetel.web.staff_frame import enter, page

_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


class ExportForm(ZetelForm):
    """What to take along."""

    table = forms.ChoiceField(label=_("What"), widget=RadioCards)
    first = forms.DateField(
        label=_("First day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    last = forms.DateField(
        label=_("Last day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    form = forms.ChoiceField(
        label=_("File"), choices=[("csv", "CSV"), ("xlsx", "Excel (XLSX)")], widget=Segments
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["table"].choices = [  # type: ignore[attr-defined]  # of a choice field
            (
                "journal",
                Card(gettext("Journal"), gettext("Every posting; sums to nothing per booking and currency.")),
            ),
            ("invoices", Card(gettext("Invoices"), gettext("Invoices and credit notes by their date."))),
            ("payments", Card(gettext("Payments"), gettext("What came, went back, and was taken back."))),
            (
                "vat",
                Card(
                    gettext("VAT"),
                    gettext("Per return, country and rate: domestic, one-stop shop, reversed."),
                ),
            ),
        ]

    def clean(self) -> dict[str, object]:
        cleaned: dict[str, object] = super().clean() or self.cleaned_data
        first, last = cleaned.get("first"), cleaned.get("last")
        if isinstance(first, date) and isinstance(last, date) and first > last:
            self.add_error("last", gettext("This is before the first day."))
        return cleaned


@require_GET
def exports(request: HttpRequest) -> HttpResponseBase:
    """The form; filled in, the file."""
    person = enter(request, Capability.STAFF_EXPORT)
    form = ExportForm(request.GET if "table" in request.GET else None, initial=_last_quarter())
    if form.is_bound and form.is_valid():
        told = form.cleaned_data
        return _file(told["table"], Span(told["first"], told["last"]), told["form"])
    return page(request, "staff/exports.html", person, {"form": form}, 422 if form.errors else 200)


def _last_quarter() -> dict[str, object]:
    """The quarter that is to be declared next."""
    today = local_date(clock.now(), settings.CONFIG.seller.time_zone)
    first_of_this = date(today.year, today.month - (today.month - 1) % 3, 1)
    last = first_of_this - timedelta(days=1)
    return {"table": "journal", "first": date(last.year, last.month - 2, 1), "last": last, "form": "csv"}


def _file(table: str, span: Span, form: str) -> HttpResponseBase:
    if form == "csv":
        response: HttpResponseBase = StreamingHttpResponse(csv_of(table, span), content_type=_TYPES[form])
    else:
        response = FileResponse(xlsx_of(table, span), content_type=_TYPES[form])
    response["Content-Disposition"] = f'attachment; filename="{file_name(table, span, form)}"'
    response["Cache-Control"] = "no-store, private"
    response["X-Content-Type-Options"] = "nosniff"
    return response
