"""The Django app of the pretend company."""

from django.apps import AppConfig


class SandboxConfig(AppConfig):
    name = "zetel.sandbox"
    label = "sandbox"
    verbose_name = "Sandbox Pay"
    default_auto_field = "django.db.models.BigAutoField"
