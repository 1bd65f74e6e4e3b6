"""The files that were kept before there was one database: what they look like, and how they are taken over."""
