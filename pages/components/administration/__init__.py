"""What only whoever runs the server may see and do: the work of everybody, and an end to it."""
