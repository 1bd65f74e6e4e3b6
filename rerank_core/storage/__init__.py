"""What is kept on this computer, in SQLite files: runs, votes, query sets with their ratings, experiments."""
