"""What the tests stand on: services on loopback, made files, the app under test."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
"""The top of the checkout."""
