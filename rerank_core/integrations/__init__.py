"""Rerankers for frameworks that have a place for one: `langchain` and `llama_index`, a module each."""
