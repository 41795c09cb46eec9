"""Tests of the pure floor: no database, no Django, no clock."""
