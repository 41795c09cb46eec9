"""The back door: what leaves the house after a change was committed, repeatably, and what time brings."""
