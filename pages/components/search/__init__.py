"""The Search page: a knowledge base, searched and reranked."""
