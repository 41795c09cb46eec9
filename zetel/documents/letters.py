"""What each kind of mail says, as a `Letter`: subject, paragraphs, facts and one thing to do.

A letter is made from the facts of its mail row, in the language that is active; `documents.mail` gives it its form.
Facts that a kind may go without are asked for with `fact`, so that an older row never stops the post. The kinds live
beside this file, by what they are about.
"""

from django.utils.translation import gettext

from zetel.documents import (
    letters_account,
    letters_change,
    letters_dunning,
    letters_invoice,
    letters_manual,
    letters_owner,
    letters_requests,
    letters_sales,
    letters_seats,
    letters_trial,
)
from zetel.documents.letter import House, Kinds, Letter, Params, amount, day, fact, shown


def letter(kind: str, params: Params, house: House) -> Letter:
    """The letter of a kind, in the active language."""
    assert kind in _KINDS, f"mail kind {kind!r} has no letter in zetel/documents/letters.py"
    return _KINDS[kind](params, house)


def _invitation(params: Params, house: House) -> Letter:
    names = {"inviter": fact(params, "inviter"), "space": fact(params, "space")}
    return Letter(
        subject=gettext("%(inviter)s invites you to %(space)s") % names,
        title=gettext("%(inviter)s invites you to %(space)s") % names,
        paragraphs=(
            gettext("Accept the invitation to work together in %(space)s. Joining costs you nothing.")
            % names,
            gettext("If you do not know %(inviter)s, you need not do anything.") % names,
        ),
        facts=shown((gettext("Valid until"), day(params, "expires_on"))),
        label=gettext("Accept the invitation"),
        path=fact(params, "path"),
    )


def _alerts() -> dict[str, tuple[str, str]]:
    """What needs a person, and what to do about it."""
    return {
        "amount_mismatch": (
            gettext("A payment came with another amount"),
            gettext(
                "The payment company reports another amount than we asked for. Nothing was sold; look into it and"
                " refund the money."
            ),
        ),
        "invoice_overdue": (
            gettext("An invoice has been overdue for 30 days"),
            gettext(
                "Give the customer more time, or end the plan, under Manual invoices. Until then it is not renewed."
            ),
        ),
        "ledger_difference": (
            gettext("A payment company's books differ from ours"),
            gettext(
                "Compared with the payment company, something differs that the comparison cannot mend. It stands under"
                " Parked work, with what to do."
            ),
        ),
        "owner_gone": (
            gettext("Nobody is left to manage billing"),
            gettext(
                "The billing owner was taken out of the space by its directory, and no member is left. The plan is not"
                " renewed. When members come back, hand billing over to one of them."
            ),
        ),
        "refund_refused": (
            gettext("A refund was refused"),
            gettext(
                "The payment company refuses to give this money back. What goes with a credit note is the customer's"
                " balance again; pay it out by bank when the customer asks."
            ),
        ),
        "taken_back_late": (
            gettext("A payment was taken back after its period"),
            gettext(
                "A bank took the money back after the period that it paid for. Nobody is asked for it by itself: write"
                " the invoice off, credit it, or agree on a payment with the customer."
            ),
        ),
        "taken_back_otherwise": (
            gettext("A bank takes back what was not paid like this"),
            gettext(
                "The payment company reports that money was taken back which we do not hold. Look into it."
            ),
        ),
        "paid_after_refusal": (
            gettext("A payment came after it was refused"),
            gettext(
                "The payment company reports a payment that it had refused before. Look into it and refund it."
            ),
        ),
    }


def _staff_alert(params: Params, house: House) -> Letter:
    what = fact(params, "what")
    otherwise = gettext("Something needs a person: %(what)s") % {"what": what}, gettext("Look into it.")
    title, words = _alerts().get(what, otherwise)
    return Letter(
        subject=gettext("To do for staff: %(what)s") % {"what": title},
        title=title,
        paragraphs=(words,),
        facts=shown(
            (gettext("Reference"), fact(params, "reference")),
            (gettext("Asked for"), amount(params, "amount")),
            (gettext("Reported"), amount(params, "said_amount", "said_currency")),
            (gettext("Space"), fact(params, "space")),
        ),
        label=gettext("Open the back office"),
        path="/staff/",
    )


_KINDS: Kinds = {
    **letters_account.KINDS,
    **letters_change.KINDS,
    **letters_dunning.KINDS,
    **letters_invoice.KINDS,
    **letters_manual.KINDS,
    **letters_owner.KINDS,
    **letters_requests.KINDS,
    **letters_sales.KINDS,
    **letters_seats.KINDS,
    **letters_trial.KINDS,
    "invitation": _invitation,
    "staff_alert": _staff_alert,
}
KINDS = frozenset(_KINDS)
