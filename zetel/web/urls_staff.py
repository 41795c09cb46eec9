"""Addresses of the back office."""

from django.urls import path

from zetel.web import (
    acting,
    converters,
    staff,
    staff_bank,
    staff_clock,
    staff_customers,
    staff_manual,
    staff_money,
    staff_offers,
    staff_people,
    staff_quotes,
    staff_spaces,
    staff_support,
)

converters.register()

urlpatterns = [
    path("", staff.overview, name="staff"),
    path("sales/", staff.sales_requests, name="staff_sales"),
    path("sales/<sal:request_id>/", staff.sales_request, name="staff_sales_request"),
    path("support/", staff.support_requests, name="staff_support"),
    path("support/<que:request_id>/", staff.support_request, name="staff_support_request"),
    path("parked/", staff.parked, name="staff_parked"),
    path("parked/<sub:subscription_id>/retry/", staff.parked_retry, name="staff_parked_retry"),
    path("mails/", staff.mails, name="staff_mails"),
    path("mails/<mai:mail_id>/retry/", staff.mail_retry, name="staff_mail_retry"),
    path("customers/", staff_customers.customers, name="staff_customers"),
    path("customers/<cus:customer_id>/", staff_customers.customer, name="staff_customer"),
    path("invoices/<inv:invoice_id>/pdf/", staff_customers.invoice_pdf, name="staff_invoice_pdf"),
    path("offers/", staff_offers.offers_made, name="staff_offers"),
    path("offers/<off:offer_id>/", staff_offers.offer, name="staff_offer"),
    path("spaces/", staff_spaces.spaces, name="staff_spaces"),
    path("spaces/<spc:space_id>/", staff_spaces.space, name="staff_space"),
    path("spaces/<spc:space_id>/offer/", staff_offers.offer_new, name="staff_offer_new"),
    path("spaces/<spc:space_id>/divisions/", staff_spaces.division_new, name="staff_division_new"),
    path("spaces/<spc:space_id>/division/", staff_spaces.division_move, name="staff_division_move"),
    path("customers/<cus:customer_id>/act/", acting.begin, name="staff_acting_begin"),
    path(
        "customers/<cus:customer_id>/mails/<mai:mail_id>/", staff_support.send_again, name="staff_send_again"
    ),
    path("acting/end/", acting.end, name="staff_acting_end"),
    path(
        "subscriptions/<sub:subscription_id>/hand-over/",
        staff_support.hand_billing_over,
        name="staff_hand_over",
    ),
    path("people/", staff_people.people, name="staff_people"),
    path("invoices/<inv:invoice_id>/", staff_money.invoice, name="staff_invoice"),
    path("invoices/<inv:invoice_id>/credit/", staff_money.credit, name="staff_credit"),
    path("invoices/<inv:invoice_id>/write-off/", staff_money.write_off, name="staff_write_off"),
    path("invoices/<inv:invoice_id>/bank/", staff_money.bank, name="staff_bank"),
    path("customers/<cus:customer_id>/pay-out/<str:currency>/", staff_money.pay_out, name="staff_pay_out"),
    path("subscriptions/<sub:subscription_id>/cancel/", staff_money.cancel, name="staff_cancel"),
    path("invoices/<inv:invoice_id>/payment/", staff_bank.by_hand, name="staff_payment"),
    path("invoices/<inv:invoice_id>/extend/", staff_manual.extend, name="staff_extend"),
    path("manual/", staff_manual.invoices, name="staff_manual"),
    path("subscriptions/<sub:subscription_id>/change/", staff_manual.change, name="staff_manual_change"),
    path("subscriptions/<sub:subscription_id>/end/", staff_manual.end, name="staff_manual_end"),
    path("subscriptions/<sub:subscription_id>/stop/", staff_manual.stop, name="staff_manual_stop"),
    path("spaces/<spc:space_id>/quote/", staff_quotes.quote_new, name="staff_quote_new"),
    path("offers/<off:offer_id>/pdf/", staff_quotes.pdf, name="staff_quote_pdf"),
    path("offers/<off:offer_id>/approve/", staff_quotes.approve, name="staff_quote_approve"),
    path("bank/", staff_bank.lines, name="staff_bank_lines"),
    path("bank/<bkl:line_id>/", staff_bank.line, name="staff_bank_line"),
    path("bank/<bkl:line_id>/skip/", staff_bank.skip, name="staff_bank_skip"),
    path("bookings/<bkg:booking_id>/correct/", staff_bank.correct, name="staff_bank_correct"),
    path("clock/", staff_clock.set_clock, name="staff_clock"),
]
