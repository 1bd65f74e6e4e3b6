"""Where knowledge bases are kept besides this computer: a search engine, and PostgreSQL with pgvector."""
