"""Real programs of others against this library: `make peers`. They run in an environment of their own."""
