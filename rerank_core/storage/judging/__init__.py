"""Judging together, as it is kept in the database."""
