"""How the database is reached: its address, connections to it, what they say when something is wrong, and locks."""
