"""Addresses of the Billing tab. Included at the root."""

from django.urls import path

from zetel.web import (
    billing_cancel,
    billing_change_review,
    billing_information,
    billing_invoices,
    billing_method,
    billing_owner,
    billing_pages,
    billing_pay,
    billing_plan,
    billing_seats,
    billing_trial,
    converters,
)

converters.register()

_TAB = "s/<spc:space_id>/billing/"

urlpatterns = [
    path("billing/", billing_pages.home, name="billing_home"),
    path("billing/methods/<pmd:method_id>/remove", billing_owner.remove_method, name="billing_method_remove"),
    path("billing/invoices/<inv:invoice_id>/pdf", billing_invoices.pdf_anywhere, name="billing_pdf"),
    path(
        "billing/invoices/<inv:invoice_id>/<slug:kind>.xml",
        billing_invoices.einvoice_anywhere,
        name="billing_xml",
    ),
    path(_TAB, billing_pages.tab, name="billing"),
    path(_TAB + "timeline", billing_pages.timeline, name="billing_timeline"),
    path(_TAB + "plan", billing_plan.plan, name="billing_plan"),
    path(_TAB + "plan/<quo:quote_id>", billing_change_review.review, name="billing_change_review"),
    path(_TAB + "cancel", billing_cancel.cancel_plan, name="billing_cancel"),
    path(_TAB + "resume", billing_cancel.resume_plan, name="billing_resume"),
    path(_TAB + "trial/plan", billing_trial.plan, name="billing_trial_plan"),
    path(_TAB + "trial/cancel", billing_trial.cancel, name="billing_trial_cancel"),
    path(_TAB + "trial/resume", billing_trial.resume, name="billing_trial_resume"),
    path(_TAB + "scheduled/<slug:field>", billing_cancel.withdraw_change, name="billing_withdraw"),
    path("cancellation-policy", billing_cancel.policy, name="cancellation_policy"),
    path(_TAB + "seats", billing_seats.seats, name="billing_seats"),
    path(_TAB + "information", billing_information.information, name="billing_information"),
    path(_TAB + "owner", billing_owner.owner, name="billing_owner"),
    path(_TAB + "owner/<per:person_id>", billing_owner.confirm, name="billing_owner_confirm"),
    path(_TAB + "method", billing_method.method, name="billing_method"),
    path(_TAB + "method/return/<set:setup_id>", billing_method.returned, name="billing_method_return"),
    path(_TAB + "invoices/", billing_invoices.invoices, name="billing_invoices"),
    path(_TAB + "invoices/<int:of_year>.zip", billing_invoices.year, name="billing_invoices_year"),
    path(_TAB + "invoices/<inv:invoice_id>/", billing_invoices.invoice, name="billing_invoice"),
    path(_TAB + "invoices/<inv:invoice_id>/pay", billing_pay.pay, name="billing_pay"),
    path(_TAB + "invoices/<inv:invoice_id>/payment", billing_pay.payment, name="billing_payment"),
    path(_TAB + "invoices/<inv:invoice_id>/pdf", billing_invoices.pdf, name="billing_invoice_pdf"),
    path(
        _TAB + "invoices/<inv:invoice_id>/<slug:kind>.xml",
        billing_invoices.einvoice,
        name="billing_invoice_xml",
    ),
]
