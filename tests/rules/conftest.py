"""How much hypothesis tries: little by default, so that this folder stays under three seconds.

`HYPOTHESIS_PROFILE=long` tries a hundred times as much.
"""

import os

from hypothesis import HealthCheck, settings

_SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
settings.register_profile("quick", max_examples=25, deadline=None, database=None, suppress_health_check=_SLOW)
settings.register_profile(
    "long", max_examples=2500, deadline=None, database=None, suppress_health_check=_SLOW
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))
