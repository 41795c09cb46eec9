"""allauth's forms for logging in, where an address may be typed in other letters than it is kept in."""

import contextlib

from allauth.account import forms

from zetel.rules import names
from zetel.rules.errors import ZetelError


def kept(typed: str) -> str:
    """The kept form of an address. What is none stays: it exists nowhere, and is answered like a wrong password."""
    with contextlib.suppress(ZetelError):
        return names.email(typed)
    return typed


class LoginForm(forms.LoginForm):  # type: ignore[misc]  # allauth is untyped
    """Logging in by password."""

    def clean_login(self) -> str:
        return kept(super().clean_login())


class RequestLoginCodeForm(forms.RequestLoginCodeForm):  # type: ignore[misc]  # allauth is untyped
    """Logging in by a code that is mailed."""

    def clean_email(self) -> str:
        self.cleaned_data["email"] = kept(self.cleaned_data["email"])
        return str(super().clean_email())
