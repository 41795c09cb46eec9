"""The written reason of an act of staff, which the customer can read (rules C10, R9)."""

from zetel.rules.errors import ZetelError

REASON_MAX = 500


def written(reason: str) -> str:
    """A reason in one line. Raises reason_required, value_too_long."""
    words = " ".join(reason.replace("\0", "").split())
    if not words:
        raise ZetelError("reason_required", field="reason")
    if len(words) > REASON_MAX:
        raise ZetelError("value_too_long", field="reason", longest=REASON_MAX)
    return words
