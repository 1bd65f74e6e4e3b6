"""Bytes over HTTP: sockets with a wall-clock limit, whole replies, secrets that cannot be shown by accident."""
