"""What a billing owner asks, and the answers: in our own words, with the seller's figures and a way to the very screen.

An answer has an anchor that others may link to, so an anchor is never renamed. The groups are in the order in which a
plan is lived with: choosing, managing, paying, stopping.
"""

from dataclasses import dataclass, field

from django.urls import reverse
from django.utils.translation import gettext

from zetel.rules.catalog import OnExceed
from zetel.rules.manual_invoices import SEATS_MIN
from zetel.rules.payments import QUOTE_MINUTES
from zetel.rules.trials import TRIAL_DAYS
from zetel.templatetags.zetel import number
from zetel.web.help_facts import Facts, Table, listed, sizes, tried_on
from zetel.web.help_ways import Ways


@dataclass(frozen=True)
class Answer:
    """One question. `links` are pairs of label and address."""

    anchor: str
    question: str
    paragraphs: tuple[str, ...]
    links: tuple[tuple[str, str], ...] = ()
    table: Table | None = None


@dataclass(frozen=True)
class Group:
    """Questions that belong together."""

    anchor: str
    title: str
    answers: tuple[Answer, ...] = field(default=())


def groups(facts: Facts, ways: Ways) -> list[Group]:
    """Everything, in the reader's language."""
    return [
        Group("choosing", gettext("Choosing a plan"), _choosing(facts, ways)),
        Group("managing", gettext("Managing it"), _managing(facts, ways)),
        Group("paying", gettext("Invoices and paying"), _paying(facts, ways)),
        Group("stopping", gettext("Less, or nothing any more"), _stopping(facts, ways)),
    ]


# -------------------------------------------------------------------------------------------------------- choosing


def _choosing(facts: Facts, ways: Ways) -> tuple[Answer, ...]:
    to_upgrade = (gettext("Choose a plan"), ways.upgrade)
    return (
        _which_space(to_upgrade),
        Answer(
            "organization-or-team",
            gettext("Organization or team?"),
            (
                gettext(
                    "For the whole organization, each of its members needs a seat: everybody with a confirmed address"
                    " on one of its e-mail domains. All of them are covered in all its teams, and so are guests."
                ),
                gettext(
                    "For one team, only the members of that team need a seat. The rest of the organization stays on"
                    " %(free)s."
                )
                % {"free": facts.catalog.free.name},
                gettext(
                    "If the organization buys a plan later, the plans of its teams end that day. What they had not used"
                    " is credited, and pays for the new plan first when the same customer pays."
                ),
                gettext("Several teams at once, or a division? Sales makes you an offer."),
            ),
            (to_upgrade, (gettext("Contact sales"), ways.sales("several_teams"))),
        ),
        _prices(facts),
        _sizes(facts, ways),
        _who_counts(ways),
        _trial(facts, to_upgrade),
        _free(facts, ways),
    )


def _which_space(to_upgrade: tuple[str, str]) -> Answer:
    return Answer(
        "which-space",
        gettext("Which space gets the plan?"),
        (
            gettext(
                "A plan belongs to one space: a workspace, a whole organization, or one team. Before you pay, the space"
                " that you chose carries a check mark and the word “selected”, and its name stands on the last page."
            ),
            gettext(
                "It stays with that space for good. Did you buy it for the wrong one? Cancel it, and buy one for the"
                " right space; what was made in either of them is kept."
            ),
        ),
        (to_upgrade,),
    )


def _prices(facts: Facts) -> Answer:
    months = facts.months_in_a_year()
    return Answer(
        "prices",
        gettext("What does a plan cost?"),
        (
            gettext("Per seat, without VAT:"),
            gettext("A year costs as much as %(months)s months.") % {"months": months} if months else "",
            gettext(
                "The price that you began with stays yours while you keep the plan and the billing cycle. What you will"
                " pay, VAT included, is on the last page before you confirm; that price holds for %(minutes)s minutes."
            )
            % {"minutes": QUOTE_MINUTES},
        ),
        ((gettext("Compare the plans"), reverse("pricing")),),
        table=facts.price_table(),
    )


def _sizes(facts: Facts, ways: Ways) -> Answer:
    largest = {"largest": number(facts.ladder[-1])}
    return Answer(
        "sizes",
        gettext("Which sizes are there?"),
        (
            gettext("Seats are sold in these sizes: %(sizes)s.") % {"sizes": sizes(facts.ladder)},
            gettext(
                "A size has to hold everybody who counts, so smaller ones are not in the list. More than %(largest)s"
                " seats are sold by sales."
            )
            % largest,
        ),
        (
            (gettext("Choose seats"), ways.billing("billing_plan") if ways.is_owner else ways.upgrade),
            (gettext("Contact sales"), ways.sales("more_seats")),
        ),
    )


def _who_counts(ways: Ways) -> Answer:
    return Answer(
        "who-counts",
        gettext("Who needs a seat?"),
        (
            gettext(
                "In a workspace everybody. In an organization its members; guests from outside its e-mail domains are"
                " covered without a seat. In a team or a division its own members, each once."
            ),
            gettext(
                "People who were deactivated and accounts of machines need none. An invitation needs none until"
                " somebody accepts it, unless your plan keeps people out when its seats are taken."
            ),
            gettext("Seat utilization names every person, and says why they count or do not."),
        ),
        ((gettext("Seat utilization"), ways.billing("billing_seats")),),
    )


def _trial(facts: Facts, to_upgrade: tuple[str, str]) -> Answer:
    return Answer(
        "trial",
        gettext("Can we try a plan first?"),
        (
            gettext(
                "Yes: %(days)s days, once for each space, with every plan that you can buy online. You choose plan,"
                " billing cycle and seats, and need no payment method."
            )
            % {"days": TRIAL_DAYS},
            gettext(
                "If there is a payment method when the trial ends, the plan begins on that day and is charged then."
                " Without one the space goes on with %(free)s, and everything is kept. You can cancel before."
            )
            % {"free": facts.catalog.free.name},
        ),
        (to_upgrade,),
    )


def _free(facts: Facts, ways: Ways) -> Answer:
    limit = facts.people_on_free
    names = {"free": facts.catalog.free.name, "limit": number(limit or 0)}
    holds = (
        gettext("A workspace, and each team, on %(free)s holds up to %(limit)s people, guests too.") % names
    )
    return Answer(
        "free",
        gettext("What is %(free)s?") % names,
        (
            gettext("%(free)s costs nothing and stays free. Every space begins with it.") % names,
            holds if limit else "",
            gettext("Nobody is ever removed. Where it is full, only new people cannot join."),
        ),
        ((gettext("See what each plan contains"), reverse("pricing")),),
    )


# -------------------------------------------------------------------------------------------------------- managing


def _managing(facts: Facts, ways: Ways) -> tuple[Answer, ...]:
    return (
        Answer(
            "billing-owner",
            gettext("Who is the billing owner, and what may only they do?"),
            (
                gettext(
                    "Every plan has exactly one billing owner: who bought it, or the colleague who was named then. Only"
                    " they can change or cancel the plan, see who takes a seat, read the invoices, change the payment"
                    " method and the billing information, and hand billing over."
                ),
                gettext(
                    "An admin manages people and settings, and has no say over billing. With the plan of an"
                    " organization its billing owner becomes an admin too."
                ),
            ),
            ((gettext("See who it is"), ways.billing()),),
        ),
        _where(ways),
        Answer(
            "hand-over",
            gettext("How do I hand billing over?"),
            (
                gettext(
                    "In Billing, to any member of the space, guests excepted. It counts at once, and both of you get a"
                    " mail. All earlier invoices go along."
                ),
                gettext(
                    "Your payment method stays in use until it is replaced; on the page Billing you can take it away."
                    " You cannot leave the space before you have handed billing over."
                ),
            ),
            ((gettext("Change billing owner"), ways.billing("billing_owner")),),
        ),
        _seats(ways),
        _too_many(facts, ways),
        _change(ways),
    )


def _seats(ways: Ways) -> Answer:
    return Answer(
        "seats",
        gettext("How do I get more or fewer seats?"),
        (
            gettext(
                "More seats are there as soon as they are paid. You pay for the days that are left of the period,"
                " and for nothing before."
            ),
            gettext(
                "Fewer seats begin with the next period, and must hold everybody who counts then. Until that day"
                " you can undo it in Billing."
            ),
        ),
        ((gettext("Edit plan"), ways.billing("billing_plan")),),
    )


def _change(ways: Ways) -> Answer:
    return Answer(
        "change-plan",
        gettext("How do I change the plan or the billing cycle?"),
        (
            gettext(
                "A higher plan begins at once: what you have not used of the old one is taken off. So does paying"
                " yearly instead of monthly: a full year starts that day."
            ),
            gettext(
                "A lower plan, and monthly instead of yearly, begin when the paid period is over. You always see"
                " first what happens when, and what it costs."
            ),
        ),
        ((gettext("Edit plan"), ways.billing("billing_plan")),),
    )


def _where(ways: Ways) -> Answer:
    return Answer(
        "where",
        gettext("Where is the Billing tab?"),
        (
            gettext(
                "For an organization: in your profile menu, at the top right, choose “Admin console”, then Billing. For"
                " a workspace: “About my workspace” in the same menu. For a team: the small arrow beside its name, then"
                " “Edit team settings”."
            ),
            gettext(
                "The address /billing always leads you to your own. A space on the free plan has no such tab."
            ),
        ),
        ((gettext("Go to Billing"), ways.billing()),),
    )


def _too_many(facts: Facts, ways: Ways) -> Answer:
    """What the catalogue says for each plan, where plans differ by name."""
    said = {
        OnExceed.EXPAND: gettext(
            "Everybody can join and go on working. After %(days)s days the plan grows to the smallest size that fits,"
            " and you pay for the days that are left. If you chose to be asked, it grows at the next renewal."
        )
        % {"days": facts.grows_after_days},
        OnExceed.WARN: gettext("Everybody can join and go on working. Seats are added at the next renewal."),
        OnExceed.BLOCK: gettext(
            "When all seats are taken nobody new can join until you buy more. An open invitation keeps a seat."
        ),
    }
    used = [policy for policy in OnExceed if facts.plans_that(policy)]
    words = [
        said[policy] if len(used) == 1 else f"{facts.plans_that(policy)}: {said[policy]}" for policy in used
    ]
    return Answer(
        "too-many",
        gettext("What if more people come than there are seats?"),
        (
            *words,
            gettext(
                "You get a mail when the seats are nearly full, full and exceeded, with what follows, on which day and"
                " for how much."
            ),
        ),
        ((gettext("Seat utilization"), ways.billing("billing_seats")),),
    )


# ---------------------------------------------------------------------------------------------------------- paying


def _paying(facts: Facts, ways: Ways) -> tuple[Answer, ...]:
    return (
        Answer(
            "invoices",
            gettext("Where are my invoices?"),
            (
                gettext(
                    "Each comes by mail as a PDF, and all of them stay in Billing: one by one, or a whole year at once."
                    " Every line says how it came about."
                ),
                gettext(
                    "Should your accounts department get them too? Give its address in the billing information. There"
                    " you also choose the language, and a reference or purchase-order number that is printed on them."
                ),
            ),
            (
                (gettext("All invoices"), ways.billing("billing_invoices")),
                (gettext("Billing information"), ways.billing("billing_information")),
            ),
        ),
        Answer(
            "payment-method",
            gettext("How do I change the payment method?"),
            (
                gettext(
                    "Choose card or PayPal and follow the steps of the payment company; we never see your card number."
                    " Nothing is charged by it, and the old method stays until the new one works."
                ),
            ),
            ((gettext("Edit payment information"), ways.billing("billing_method")),),
        ),
        Answer(
            "billing-information",
            gettext("How do I change the address or the VAT number?"),
            (
                gettext(
                    "In the billing information. It counts from the next invoice; an invoice that was issued never"
                    " changes. A VAT number of another EU country counts once it was confirmed; until then VAT is"
                    " charged."
                ),
            ),
            ((gettext("Billing information"), ways.billing("billing_information")),),
        ),
        _by_invoice(ways),
        _renewal(facts, ways),
        _failed(facts, ways),
    )


def _by_invoice(ways: Ways) -> Answer:
    return Answer(
        "invoice-payment",
        gettext("Can we pay by invoice?"),
        (
            gettext(
                "That is to be agreed with sales, for annual plans of %(seats)s seats or more. Ask them: they"
                " answer with a quote, and the plan starts when you agreed to it and they approved it."
            )
            % {"seats": SEATS_MIN},
            gettext(
                "You pay each invoice by bank within its term, with its number as the payment reference. Is one"
                " late, then everything keeps working, but the plan is not renewed before it is paid. To change or"
                " cancel such a plan you ask sales; the buttons in Billing lead to them."
            ),
        ),
        ((gettext("Contact sales"), ways.sales("pay_by_invoice")),),
    )


def _renewal(facts: Facts, ways: Ways) -> Answer:
    return Answer(
        "renewal",
        gettext("When does a plan renew?"),
        (
            gettext(
                "By itself, each month or each year, on the day of the month on which it began. Billing shows the day"
                " and the amount as things stand."
            ),
            gettext(
                "Before an annual renewal you get a mail %(yearly)s days ahead. Before a monthly one you get it"
                " %(monthly)s days ahead, if you ask for it in the billing information."
            )
            % {"yearly": facts.yearly_days, "monthly": facts.monthly_days},
        ),
        ((gettext("Go to Billing"), ways.billing()),),
    )


def _failed(facts: Facts, ways: Ways) -> Answer:
    names = {"days": tried_on(), "last": facts.end_day, "free": facts.catalog.free.name}
    return Answer(
        "payment-failed",
        gettext("What if a payment fails?"),
        (
            gettext(
                "Everything keeps working, and you get a mail. We try again after %(days)s days. With another payment"
                " method we try at once."
            )
            % names,
            gettext(
                "If it is still unpaid after %(last)s days, the plan ends. The unpaid invoice is taken back, so you owe"
                " nothing for it, and the space goes on with %(free)s."
            )
            % names,
        ),
        ((gettext("Edit payment information"), ways.billing("billing_method")),),
    )


# -------------------------------------------------------------------------------------------------------- stopping


def _stopping(facts: Facts, ways: Ways) -> tuple[Answer, ...]:
    names = {"free": facts.catalog.free.name}
    lower = listed([plan.name for plan in facts.paid[:-1]]) or facts.catalog.free.name
    policy = (gettext("Cancellation policy"), reverse("cancellation_policy"))
    return (
        Answer(
            "downgrade",
            gettext("How do I go to a lower plan?"),
            (
                gettext(
                    "Choose it in Edit plan, for example %(lower)s. It begins when the paid period is over."
                )
                % {"lower": lower},
                gettext("Going to %(free)s is cancelling the plan.") % names,
            ),
            ((gettext("Edit plan"), ways.billing("billing_plan")),),
        ),
        Answer(
            "cancel",
            gettext("How do I cancel?"),
            (
                gettext(
                    "In Billing, with two clicks. The plan runs to the end of the period that is paid for, and is not"
                    " renewed. There is no notice period, and nothing is refunded by itself."
                ),
                gettext("Until that day you can resume it. A mail names the last day."),
            ),
            ((gettext("Cancel plan"), ways.billing("billing_cancel")), policy),
        ),
        Answer(
            "data",
            gettext("What happens to what we made?"),
            (
                gettext(
                    "It stays. Whatever you do with a plan, nothing is deleted and nothing hidden: spaces, people,"
                    " roles, settings and invoices remain as they are. Only what the plan adds stops."
                ),
                gettext("Are there more people than %(free)s holds? All of them stay.") % names,
            ),
            (policy,),
        ),
        Answer(
            "support",
            gettext("My question is not here"),
            (gettext("Write to support. A person reads it and answers by mail."),),
            ((gettext("Contact support"), ways.support),),
        ),
    )
