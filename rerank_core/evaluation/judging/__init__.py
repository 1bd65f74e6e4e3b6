"""Several people's ratings of one set: who rates what, how far they agree, what was settled."""
