"""Mails about what people ask of the seller: the request to the house, a copy to the asker, and what sales answered."""

from django.utils.translation import gettext

from zetel.documents.letter import Facts, House, Kinds, Letter, Params, agreement, fact, shown
from zetel.documents.timeline import topic


def _request_facts(params: Params) -> Facts:
    wish = params.get("wish") or {}
    known = {**params, **wish}
    return shown(
        (gettext("Subject"), topic(fact(params, "topic"))),
        (gettext("Name"), fact(params, "name")),
        (gettext("E-mail"), fact(params, "email")),
        (gettext("Company"), fact(params, "company")),
        (gettext("Phone"), fact(params, "phone")),
        (gettext("Space"), fact(params, "space")),
        *agreement(known),
        (gettext("Number"), fact(params, "request")),
    )


def _sales_request_staff(params: Params, house: House) -> Letter:
    names = {"name": fact(params, "name") or fact(params, "email")}
    return Letter(
        subject=gettext("Sales request from %(name)s") % names,
        title=gettext("Sales request from %(name)s") % names,
        paragraphs=(gettext("Somebody asks for what only sales can offer."),),
        facts=_request_facts(params),
        quoted=fact(params, "message"),
        label=gettext("Open the request"),
        path=f"/staff/sales/{fact(params, 'request')}/" if params.get("request") else "/staff/sales/",
    )


def _sales_request_copy(params: Params, house: House) -> Letter:
    return Letter(
        subject=gettext("We have your request"),
        title=gettext("We have your request"),
        paragraphs=(
            gettext("Thank you. Somebody at sales reads your request and answers you by mail."),
            gettext("Nothing changes and nothing is charged until you agree to an offer."),
        ),
        facts=_request_facts(params),
        quoted=fact(params, "message"),
    )


def _support_request_staff(params: Params, house: House) -> Letter:
    names = {"name": fact(params, "name") or fact(params, "email"), "subject": fact(params, "subject")}
    return Letter(
        subject=gettext("Question from %(name)s: %(subject)s") % names,
        title=names["subject"] or gettext("Question to support"),
        paragraphs=(gettext("%(name)s asks support.") % names,),
        facts=_request_facts(params),
        quoted=fact(params, "message"),
        label=gettext("Open the question"),
        path=f"/staff/support/{fact(params, 'request')}/" if params.get("request") else "/staff/support/",
    )


def _support_request_copy(params: Params, house: House) -> Letter:
    return Letter(
        subject=gettext("We have your question: %(subject)s") % {"subject": fact(params, "subject")},
        title=gettext("We have your question"),
        paragraphs=(gettext("Thank you for writing. Somebody at support reads it and answers you by mail."),),
        facts=shown(
            (gettext("Subject"), fact(params, "subject")), (gettext("Number"), fact(params, "request"))
        ),
        quoted=fact(params, "message"),
    )


def _sales_answered(params: Params, house: House) -> Letter:
    names = {"from": fact(params, "from"), "topic": topic(fact(params, "topic"))}
    return Letter(
        subject=gettext("Sales answered your request"),
        title=gettext("Sales answered your request"),
        paragraphs=(
            gettext("%(from)s of sales writes about your request. Answer this mail to go on talking.")
            % names,
        ),
        facts=shown(
            (gettext("Subject"), names["topic"]),
            (gettext("Space"), fact(params, "space")),
            (gettext("Number"), fact(params, "request")),
        ),
        quoted=fact(params, "message"),
    )


KINDS: Kinds = {
    "sales_answered": _sales_answered,
    "sales_request_staff": _sales_request_staff,
    "sales_request_copy": _sales_request_copy,
    "support_request_staff": _support_request_staff,
    "support_request_copy": _support_request_copy,
}
