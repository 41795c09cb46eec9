"""Ties a process to the one that started it, so that nothing is left behind when a parent is killed outright.

Linux only (PR_SET_PDEATHSIG). Elsewhere these functions do nothing and an orderly stop is what ends children.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Callable

PR_SET_PDEATHSIG = 1
# Loaded before any fork: between fork and exec nothing may be looked up.
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


def end_with_parent(how: signal.Signals = signal.SIGTERM) -> None:
    """Ask the kernel to send `how` to this process when the thread that started it ends."""
    if _LIBC is not None:
        _LIBC.prctl(PR_SET_PDEATHSIG, int(how))


def tied(how: signal.Signals = signal.SIGTERM) -> Callable[[], None]:
    """A `preexec_fn` for a child that must not outlive us. Start such children from the main thread."""
    parent = os.getpid()

    def hook() -> None:
        end_with_parent(how)
        if _LIBC is not None and os.getppid() != parent:  # the parent went before the request was in place
            os._exit(1)

    return hook
