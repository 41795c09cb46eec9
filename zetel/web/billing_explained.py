"""An invoice line as one sentence that can be checked by hand (rule I3), in the reader's language."""

from collections.abc import Mapping

from zetel.documents.explain import Source, explain
from zetel.documents.languages import reader_language
from zetel.models import InvoiceLine


def explained(line: InvoiceLine, currency: str, sources: Mapping[str, Source]) -> str:
    """`5 seats × € 13,49 × 21 van 31 dagen = € 45,69`; `sources` are the lines that credits take from."""
    return explain(
        seats=line.seats, unit_price=line.unit_amount, days=(line.end - line.start).days,
        of_days=(line.period_end - line.period_start).days, amount=line.amount, discount_bp=line.discount_bp,
        discount_amount=line.discount_amount, currency=currency, language=reader_language(),
        rule=line.rule, taken_from=[sources[line_id] for line_id in line.takes_back if line_id in sources],
    )  # fmt: skip
