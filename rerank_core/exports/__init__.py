"""What leaves the app: tables, pictures, code, a block of text for a prompt."""
