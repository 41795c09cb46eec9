"""A person's own account: making it, its profile, and erasing it (rules S4, S8).

Erasing is leaving everywhere, with the rule that a billing owner hands over first; then the profile is emptied. The
row stays without name or address, because documents and events point to it.
"""

from datetime import datetime

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import transaction

from zetel.actions._change import lock_space, record
from zetel.actions.directory import check_time_zone
from zetel.actions.directory_domains import recount_person
from zetel.actions.directory_people import end_stay
from zetel.models import Invitation, Membership, Person, Space, Subscription
from zetel.rules import names
from zetel.rules.errors import ZetelError
from zetel.rules.event_types import EventType

ERASED_DOMAIN = "erased.invalid"


def sign_up(*, person: Person, now: datetime) -> Person:
    """Keep a person that is not in the database yet, with name, language and password already set."""
    person.name = names.name(person.name)
    person.email = names.email(person.email)
    _check_language(person.language)
    person.created_at = now
    with transaction.atomic():
        person.save(force_insert=True)
        record(EventType.PERSON_SIGNED_UP, now=now, actor=person, after={"person": person.public_id})
    return person


def create_person(
    *,
    email: str,
    name: str,
    now: datetime,
    language: str = "en",
    time_zone: str = "Europe/Amsterdam",
    password: str = "",
) -> Person:
    """A person whose address counts as verified, for the installation itself: sample data, a host's directory."""
    check_time_zone(time_zone)
    person = Person(email=email, name=name, language=language, time_zone=time_zone)
    if password:
        person.set_password(password)
    else:
        person.set_unusable_password()
    with transaction.atomic():
        sign_up(person=person, now=now)
        EmailAddress.objects.create(user=person, email=person.email, verified=True, primary=True)
    return person


def add_verified_address(*, person: Person, email: str, now: datetime) -> None:
    """One more address that counts as verified, for the installation itself as in `create_person`."""
    with transaction.atomic():
        EmailAddress.objects.create(user=person, email=names.email(email), verified=True, primary=False)
        recount_person(person=person, now=now)


def edit_profile(*, person: Person, name: str, language: str, time_zone: str, now: datetime) -> None:
    """A person's own name, language and time zone."""
    after = {"name": names.name(name), "language": language, "time_zone": time_zone}
    _check_language(language)
    check_time_zone(time_zone)
    with transaction.atomic():
        row = Person.objects.select_for_update().get(pk=person.pk)
        changed = [key for key, value in after.items() if getattr(row, key) != value]
        if not changed:
            return
        Person.objects.filter(pk=person.pk).update(**after)
        record(EventType.PERSON_PROFILE_CHANGED, now=now, actor=person, after={"fields": changed})
    person.name, person.language, person.time_zone = after["name"], language, time_zone


def erase_account(*, person: Person, now: datetime) -> None:
    """Leave everything and empty the profile. Refused while the person holds billing, or is the last admin."""
    with transaction.atomic():
        _check_holds_no_billing(person)
        stays = Membership.objects.filter(person=person, left_at=None)
        roots = Space.objects.filter(memberships__in=stays, organization=None).order_by("pk")
        for root in list(roots):
            end_stay(lock_space(root), person, now=now)
        _check_holds_no_billing(person)
        record(EventType.PERSON_ERASED, now=now, actor=person, after={"person": person.public_id})
        _forget(person, now)


def _check_holds_no_billing(person: Person) -> None:
    owned = Subscription.objects.live().filter(customer__billing_owner=person).select_related("space").first()
    if owned is not None:
        raise ZetelError("billing_owner_required", space=owned.space.name, space_id=owned.space.public_id)


def _forget(person: Person, now: datetime) -> None:
    nobody = f"{person.public_id}@{ERASED_DOMAIN}"
    addresses = list(EmailAddress.objects.filter(user=person).values_list("email", flat=True))
    addressed = Invitation.objects.filter(email__in=addresses)
    addressed.filter(accepted_at=None, revoked_at=None).update(revoked_at=now)
    addressed.update(email=nobody)
    EmailAddress.objects.filter(user=person).delete()
    Authenticator.objects.filter(user=person).delete()
    person.email, person.name, person.staff_role, person.is_active = nobody, "", "", False
    person.external_id = None
    person.set_unusable_password()  # ends every session: each is bound to the password
    person.save()


def _check_language(language: str) -> None:
    if language not in dict(settings.LANGUAGES):
        raise ZetelError("language_invalid", language=language[:8])
