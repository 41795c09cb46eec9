"""The only writers: every change of state is one of these functions, in one transaction, with one event."""
