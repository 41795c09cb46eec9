"""What leaves the house on paper: plain values in, bytes out.

Nothing here reads the database or the clock. A document is described by frozen values that the caller copied from
issued rows, so the same values give the same bytes for ever (rule I1).
"""
