"""Servers that people run themselves, on their own machines: one file each."""
