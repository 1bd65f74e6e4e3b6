"""What is kept on this computer, in SQLite files."""
