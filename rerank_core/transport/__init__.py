"""Bytes over HTTP: sockets with a wall-clock limit, the reading of replies, credentials that cannot be shown."""
