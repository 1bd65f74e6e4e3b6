"""The report of an evaluation: HTML and CSV."""
