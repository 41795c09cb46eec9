"""Zetel's own settings, with what makes tests quick: passwords need not resist a thief here."""

from zetel.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
