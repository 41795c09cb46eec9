"""How often a process that lives long looks for garbage: not again at what was loaded at its start.

A Django process starts with some 300,000 objects. Python's collector looks through all of them again and again while a
batch of invoices is made, which takes as long as making them.
"""

import gc

THRESHOLDS = (20_000, 10, 10)  # Python's own 700 is meant for programs with few objects


def settle() -> None:
    """Call once, when everything is loaded and before the work begins."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
