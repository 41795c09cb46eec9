"""Two customers side by side: every address of the one, asked with ids of the other mixed in (rule R8).

Whatever is mixed in, the answer is the very one for an id that does not exist, and nothing has changed.
"""

import re
from typing import Any

import pytest

from tests.conftest import HandClock
from tests.web.conftest import Two
from tests.web.tenants import fingerprint, undone
from tests.web.test_matrix import ADDRESSES, OTHERS, PLACES
from zetel.models.ids import new_id, public_id

pytestmark = pytest.mark.django_db

MIXED = [
    (name, param)
    for name in sorted(set(PLACES) & set(ADDRESSES))
    for param in PLACES[name]
    if param.endswith("_id")
]
# Whom of Acme the page is for; the others of it are refused before anything is looked up.
ASKS = dict.fromkeys(
    ("person_act", "invitation_revoke", "space_settings", "domain_add", "domain_remove", "division_new"),
    "bram",
)


def seen(answer: Any, asked: str) -> tuple[int, str, str]:
    """An answer without what differs each time: the token that every form carries, and what was asked for."""
    page = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", answer.content.decode("utf-8", "replace"))
    return answer.status_code, answer.headers.get("Location", ""), page.replace(asked, "")


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize(("name", "param"), [pair for pair in MIXED if not pair[0].startswith("staff_")])
@pytest.mark.story("R8")
def test_ids_of_another_customer_are_like_ids_that_do_not_exist(
    name: str, param: str, method: str, two: Two, clock: HandClock
) -> None:
    two.acme.ids |= OTHERS
    theirs = two.beta.id_of(name, param)
    nobodys = public_id(theirs.partition("_")[0], new_id())
    who, before, answers = ASKS.get(name, "anna"), fingerprint(), []
    for other in (theirs, nobodys):
        path = two.acme.address(name, PLACES[name], **{param: other})
        with undone():
            client = two.client(who)
            data = ADDRESSES[name].data if method == "post" else {}
            answers.append(seen(getattr(client, method)(path, data), path))
            assert fingerprint() == before
    assert answers[0] == answers[1]
    assert answers[0][0] in (404, 405)


@pytest.mark.parametrize("param", ["space_id", "person"])
def test_ids_of_another_customer_in_forms_and_questions_open_nothing(
    param: str, two: Two, clock: HandClock
) -> None:
    anna, before = two.client("anna"), fingerprint()
    space, person = two.beta.team.public_id, two.beta.people["chris"].public_id
    draft = two.acme.id_of("", "draft_id")
    asked = {
        "space_id": [
            anna.get(f"/upgrade/?space={space}").status_code,
            anna.get(f"/sales/?space={space}").status_code,
            anna.post(f"/support/?space={space}", {"subject": "x", "message": "y"}).status_code,
            anna.post(f"/upgrade/{draft}/space", {"space": space}).status_code,
        ],
        "person": [anna.post(f"/upgrade/{draft}/owner", {"person": person}).status_code],
    }
    assert asked[param] == {"space_id": [404, 404, 404, 422], "person": [302]}[param]
    assert fingerprint() == before


def test_somebody_elses_quote_customer_and_method_cannot_be_used_in_ones_own_purchase(
    two: Two, clock: HandClock
) -> None:
    anna, draft = two.client("anna"), two.acme.id_of("", "draft_id")
    theirs = two.client("anna")
    theirs.cookies.clear()
    theirs.force_login(two.beta.people["anna"])
    page = theirs.get(f"/upgrade/{two.beta.id_of('', 'draft_id')}/review")
    before = fingerprint()
    quote = str(page.context["quote"].public_id)
    assert (
        anna.post(f"/upgrade/{draft}/review", {"quote": quote}).headers["Location"]
        == f"/upgrade/{draft}/review"
    )
    sent = {"payer": two.beta.id_of("", "customer_id"), "method": "saved"}
    assert anna.post(f"/upgrade/{draft}/billing", sent).status_code in (200, 422)
    assert fingerprint() == before


def test_who_owned_billing_once_and_left_finds_the_own_invoices_and_not_who_owns_it_now(
    two: Two, clock: HandClock
) -> None:
    frieda, tab = two.client("frieda"), two.acme.address("billing", ["space_id"])
    page = frieda.get(tab).content.decode()
    assert "anna@acme.example" not in page
    assert "Anna" not in page
    assert two.acme.ids["former invoice_id"] in page
    assert two.acme.ids["invoice_id"] not in page
