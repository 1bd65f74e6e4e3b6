"""The Playground page: one query, one model, before and after."""
