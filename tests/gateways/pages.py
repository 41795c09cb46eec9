"""A person on the sandbox's hosted pages, by Django's test client."""

from typing import Any

from django.test import Client

from zetel.sandbox.behaviours import ACCOUNTS, CARDS, PASSWORD


def number_of(behaviour: str) -> str:
    """The documented card number of a behaviour."""
    return next(card.number for card in CARDS if card.behaviour == behaviour)


def email_of(behaviour: str) -> str:
    """The documented PayPal test account of a behaviour."""
    return next(account.email for account in ACCOUNTS if account.behaviour == behaviour)


def type_card(client: Client, url: str, number: str, expiry: str = "12/34", cvc: str = "123") -> Any:
    return client.post(url, {"act": "save", "number": number, "expiry": expiry, "cvc": cvc})


def save_card(client: Client, url: str, number: str, expiry: str = "12/34") -> str:
    """Type a card and save it; answers the address the browser is sent back to."""
    answer = type_card(client, url, number, expiry)
    assert answer.status_code == 303, answer.content.decode()
    return str(answer.headers["Location"])


def save_paypal(client: Client, url: str, email: str) -> str:
    """Log in to PayPal and agree; answers the address the browser is sent back to."""
    client.post(url, {"act": "login", "email": email, "password": PASSWORD})
    answer = client.post(url, {"act": "approve"})
    assert answer.status_code == 303, answer.content.decode()
    return str(answer.headers["Location"])
