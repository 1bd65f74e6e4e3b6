"""How a run is done, here or on another server."""
