"""Queries with candidates and ratings: the set, where it comes from, how far raters agree."""
