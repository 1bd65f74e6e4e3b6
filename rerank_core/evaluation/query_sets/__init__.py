"""Queries with candidates and ratings: the set, and where it comes from."""
