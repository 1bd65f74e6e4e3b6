"""The parts of the pages: a folder for each page, and the rooms that pages share. Nothing here imports a page."""
