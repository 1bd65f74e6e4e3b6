"""What somebody made, as history lists it: found, named, pinned, compared, taken along and deleted."""
