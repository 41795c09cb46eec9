"""Addresses of the back office."""

from django.urls import path

from zetel.web import converters, staff, staff_clock, staff_customers

converters.register()

urlpatterns = [
    path("", staff.overview, name="staff"),
    path("sales/", staff.sales_requests, name="staff_sales"),
    path("sales/<sal:request_id>/", staff.sales_request, name="staff_sales_request"),
    path("support/", staff.support_requests, name="staff_support"),
    path("support/<que:request_id>/", staff.support_request, name="staff_support_request"),
    path("parked/", staff.parked, name="staff_parked"),
    path("mails/", staff.mails, name="staff_mails"),
    path("mails/<mai:mail_id>/retry/", staff.mail_retry, name="staff_mail_retry"),
    path("customers/", staff_customers.customers, name="staff_customers"),
    path("customers/<cus:customer_id>/", staff_customers.customer, name="staff_customer"),
    path("invoices/<inv:invoice_id>/pdf/", staff_customers.invoice_pdf, name="staff_invoice_pdf"),
    path("clock/", staff_clock.set_clock, name="staff_clock"),
]
