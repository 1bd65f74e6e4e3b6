"""History: what somebody made, found again, opened again, named, pinned, compared, taken along and deleted."""
