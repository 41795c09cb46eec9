"""Stories end with the doctor's visit: mark a module `pytest.mark.usefixtures("stays_healthy")`."""

from tests.doctor import stays_healthy

__all__ = ["stays_healthy"]
