"""What stands around the pages: who may ask, which addresses are allowed, what the server does at its start."""
