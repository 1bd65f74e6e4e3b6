"""Queries with candidates and ratings: the set, where it comes from, how raters agree."""
