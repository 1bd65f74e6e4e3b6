"""What stands around the pages: who may ask, which addresses may be typed, what the server does at its start."""
