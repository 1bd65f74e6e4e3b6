"""Servers that share a database: which are there, what each is at, and the work that another one goes on with."""
