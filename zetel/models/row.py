"""What every table's row has: an id that sorts by creation and its public form with the prefix of its kind."""

from typing import ClassVar

from django.db import models

from zetel.models.ids import new_id, public_id


class Row(models.Model):
    """Base of all tables that have a public id; `PREFIX` names the kind (`sub`, `inv`, …)."""

    PREFIX: ClassVar[str]

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)

    class Meta:
        abstract = True

    @property
    def public_id(self) -> str:
        return public_id(self.PREFIX, self.id)


def one_of(field: str, *values: str, name: str) -> models.CheckConstraint:
    """A check that keeps a text column to the values our tables of transitions know."""
    return models.CheckConstraint(
        condition=models.Q(**{f"{field}__in": [str(value) for value in values]}), name=name
    )
