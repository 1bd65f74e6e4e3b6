"""Knowledge bases in PostgreSQL with pgvector: tables for each, and one that lists them."""

from rerank_core.extras import require

require("A knowledge base in PostgreSQL", "postgresql", "sqlalchemy", "psycopg")

from rerank_core.corpora.homes.postgresql.home import PostgresqlHome

__all__ = ["PostgresqlHome"]
