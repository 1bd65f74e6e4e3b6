"""Tables to documents: delimited text and workbooks, and what each column means."""
