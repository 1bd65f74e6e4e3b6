"""Several people rate one query set: who does, how far they are, where they differ and what is settled."""
