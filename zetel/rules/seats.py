"""The seat ladder, and who is counted as a seat (rules P4, P5, S3).

A size is bought from the ladder and fits when it is not below the people counted. Counting a person gives a
reason as well as an answer, because the seat-use list has to say why somebody does or does not count.
"""

from collections.abc import Sequence
from enum import StrEnum

from zetel.rules.errors import ZetelError

LADDER: tuple[int, ...] = (2, 3, 4, *range(5, 30, 5), *range(30, 100, 10), *range(100, 501, 25))

NEARLY_FULL_PERCENT = 90
NEARLY_FULL_LEFT = 1

BASIC_LIMIT = 15  # rule S5; the default of the catalogue's limit `people` on the free plan


class SpaceKind(StrEnum):
    """What kinds of space there are (S1)."""

    WORKSPACE = "workspace"
    ORGANIZATION = "organization"
    DIVISION = "division"
    TEAM = "team"


class Standing(StrEnum):
    """How a person belongs to a space (S2)."""

    MEMBER = "member"
    GUEST = "guest"


class CountReason(StrEnum):
    """Why a person does or does not take a seat."""

    COUNTED_MEMBER = "counted_member"
    COUNTED_WORKSPACE = "counted_workspace"
    FREE_GUEST = "free_guest"
    FREE_INACTIVE = "free_inactive"
    FREE_MACHINE = "free_machine"


def count_reason(space_kind: str, standing: str, active: bool, machine: bool) -> CountReason:
    """Rule S3. In a workspace there are no guests: whoever is in it counts, limited or not (S2)."""
    kind, stands_as = SpaceKind(space_kind), Standing(standing)
    if machine:
        return CountReason.FREE_MACHINE
    if not active:
        return CountReason.FREE_INACTIVE
    if kind is SpaceKind.WORKSPACE:
        return CountReason.COUNTED_WORKSPACE
    return CountReason.FREE_GUEST if stands_as is Standing.GUEST else CountReason.COUNTED_MEMBER


def is_counted(space_kind: str, standing: str, active: bool, machine: bool) -> bool:
    """Whether the person takes a seat; distinct people are for the caller to see to."""
    return count_reason(space_kind, standing, active, machine).startswith("counted")


def sizes_for(counted: int, ladder: Sequence[int] = LADDER) -> tuple[int, ...]:
    """The sizes that fit, smallest first; empty above the ladder, where sales takes over (P6)."""
    return tuple(size for size in ladder if size >= counted)


def smallest_fit(counted: int, ladder: Sequence[int] = LADDER) -> int | None:
    """The smallest size that fits, or None above the ladder."""
    return next((size for size in ladder if size >= counted), None)


def check_size(seats: int, counted_members: Sequence[str], ladder: Sequence[int] = LADDER) -> None:
    """A size is on the ladder and holds everybody counted (P5), or the refusal says who is in the way."""
    if seats > max(ladder):
        raise ZetelError("sales_only", seats=seats, largest=max(ladder))
    if seats not in ladder:
        raise ZetelError("seat_size_unknown", seats=seats, sizes=list(ladder))
    if seats < len(counted_members):
        members = list(counted_members)
        raise ZetelError("seats_in_use", seats=seats, counted=len(members), members=members)


def one_more(counted: int, seats: int, ladder: Sequence[int] = LADDER) -> int | None:
    """The size one further person would need: the present one while it fits, None above the ladder (C8)."""
    return seats if counted < seats else smallest_fit(counted + 1, ladder)


class Fullness(StrEnum):
    """How much room is left of the seats bought: what the banner and the mails of C8 are about."""

    ROOM = "room"
    NEARLY_FULL = "nearly_full"
    FULL = "full"
    EXCEEDED = "exceeded"


def fullness(counted: int, seats: int) -> Fullness:
    """Nearly full is one seat left, or 90 % taken."""
    if counted >= seats:
        return Fullness.EXCEEDED if counted > seats else Fullness.FULL
    nearly = seats - counted <= NEARLY_FULL_LEFT or counted * 100 >= seats * NEARLY_FULL_PERCENT
    return Fullness.NEARLY_FULL if nearly else Fullness.ROOM
