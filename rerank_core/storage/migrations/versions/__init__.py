"""One module for each step of the schema; the names say the sequence."""
