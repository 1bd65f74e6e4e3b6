"""The Compare page: one query, several models side by side."""
