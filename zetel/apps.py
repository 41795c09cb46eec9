"""The one Django app of Zetel. It has no `ready` hook: nothing happens by being imported."""

from django.apps import AppConfig


class ZetelConfig(AppConfig):
    name = "zetel"
    label = "zetel"
    verbose_name = "Zetel"
    default_auto_field = "django.db.models.BigAutoField"
