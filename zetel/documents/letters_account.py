"""The letters about somebody's own account: confirming an address, codes, a new password.

None of them says more about who has an account than their reader may know: they go to the address they are about.
"""

from urllib.parse import urlsplit

from django.utils.translation import gettext

from zetel.documents.letter import House, Kinds, Letter, Params, fact


def _path(params: Params) -> str:
    """The path of a link that was made for a request; the address it begins with is always ours."""
    parts = urlsplit(fact(params, "url"))
    return parts.path + (f"?{parts.query}" if parts.query else "")


def _ignore() -> str:
    return gettext("If you did not ask for this, you need not do anything.")


def _to_type(params: Params, title: str, beware: str) -> Letter:
    words = (gettext("Type this code in the page that is open."), beware)
    return Letter(title, title, words, code=fact(params, "code"))


def _confirm(params: Params, house: House) -> Letter:
    title = gettext("Confirm your e-mail address")
    if params.get("code"):
        return _to_type(params, title, _ignore())
    return Letter(
        title,
        title,
        (gettext("Somebody, most likely you, uses this address here. Confirm that it is yours."), _ignore()),
        label=gettext("Confirm the address"),
        path=_path(params),
    )


def _exists(params: Params, house: House) -> Letter:
    return Letter(
        gettext("You have an account already"),
        gettext("You have an account already"),
        (
            gettext("Somebody, most likely you, tried to sign up with this address, which has an account."),
            gettext("Log in with it. If you have forgotten the password, choose a new one."),
        ),
        label=gettext("Choose a new password"),
        path=_path(params),
    )


def _login_code(params: Params, house: House) -> Letter:
    title = gettext("Your code to log in")
    return _to_type(params, title, _never_tell())


def _never_tell() -> str:
    return gettext(
        "We never ask for it by phone or mail. If you did not ask for it, somebody may know your address."
    )


def _password(params: Params, house: House) -> Letter:
    title = gettext("Choose a new password")
    if params.get("code"):
        return _to_type(params, title, _ignore())
    return Letter(
        title,
        title,
        (gettext("Somebody, most likely you, asked for a new password."), _ignore()),
        label=gettext("Choose a new password"),
        path=_path(params),
    )


def _unknown(params: Params, house: House) -> Letter:
    title = gettext("There is no account with this address")
    return Letter(
        title,
        title,
        (
            gettext(
                "Somebody, most likely you, tried to log in with this address, which has no account here."
            ),
            gettext("Perhaps you signed up with another address. Or sign up with this one."),
        ),
        label=gettext("Sign up"),
        path=_path(params),
    )


KINDS: Kinds = {
    "account_confirm": _confirm,
    "account_exists": _exists,
    "account_login_code": _login_code,
    "account_password": _password,
    "account_unknown": _unknown,
}
