"""Billing that goes from one colleague to the other and back in random lives: who is asked changes, no amount does.

Of a customer with several plans the one handed over goes to a copy without a card (rule P12), so one is saved for it;
while its renewal is unpaid it stays where it was billed (G4).
"""

from tests.journeys.lives import Books, Life, refused_alike
from zetel.actions import hand_over
from zetel.models import Subscription


def give(books: Books, life: Life) -> None:
    """To the colleague who does not have it (R5)."""
    old = life.owner
    new = books.bram if old == books.anna else books.anna
    others = (
        Subscription.objects.live()
        .filter(customer=life.row.customer)
        .exclude(pk=life.subscription.pk)
        .exists()
    )
    code = "past_due" if others and life.row.status == "past_due" else ""
    customer = refused_alike(code, lambda: hand_over.give(life.row, to=new, actor=old, now=books.now))
    if customer is None:
        return
    assert (customer.pk != life.customer.pk) == others
    life.customer = customer
    assert life.owner == new
    if others:
        books.save_card(customer)
