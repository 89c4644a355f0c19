"""Several runs side by side: as a table, as curves, and by what differs."""
