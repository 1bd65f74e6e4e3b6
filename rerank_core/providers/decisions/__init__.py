"""Decision models: they say how probable it is that a statement holds, here that a document answers the query."""
