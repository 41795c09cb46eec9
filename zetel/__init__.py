"""Zetel sells plans with seats to the spaces of a collaborative product, and bills them.

The package is laid out in floors: `rules` (pure) below `models`, then `actions`, `gateways` and `documents`,
then `jobs`, `access`, and on top the doors `web`, `api` and `cli`. A floor imports only what lies below it.
"""

__version__ = "0.1.0"
