"""What tests of jobs share."""

from tests.jobs.doctor_world import story

__all__ = ["story"]
