"""The installation's own settings that live in the database: the sandbox clock, and counters for throttling."""

from django.db import models


class ClockSetting(models.Model):
    """One row (pk 1). `frozen_at` is the installation's instant; None means that real time runs."""

    frozen_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="clock_one_row")]


class Throttle(models.Model):
    """How often something was tried within a window, by a key such as `invite:<person>`."""

    key = models.CharField(max_length=128, primary_key=True)
    window_start = models.DateTimeField()
    count = models.PositiveIntegerField(default=0)
