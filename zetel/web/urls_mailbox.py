"""Addresses of the sandbox's mailbox; there are none of them in a live installation."""

from django.urls import path

from zetel.web import converters, mailbox

converters.register()

urlpatterns = [
    path("", mailbox.mailbox, name="mailbox"),
    path("<mai:mail_id>/", mailbox.mail, name="mailbox_mail"),
    path("<mai:mail_id>/body/", mailbox.body, name="mailbox_body"),
    path("<mai:mail_id>/attachment/", mailbox.attachment, name="mailbox_attachment"),
]
