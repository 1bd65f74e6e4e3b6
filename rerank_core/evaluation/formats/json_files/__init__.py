"""JSON of queries, ratings and results, a file for each tool that writes it."""
