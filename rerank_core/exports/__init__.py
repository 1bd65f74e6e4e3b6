"""What leaves the app: tables, pictures, code, text for a prompt."""
