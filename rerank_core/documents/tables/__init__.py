"""Tables to documents: delimited text and workbooks, and which column means what."""
