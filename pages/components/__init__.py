"""The pieces of the screen that pages share. Nothing here imports a page."""
