"""Tests of bulk scoring."""
