"""What pages ask for: documents and files, a model, an example, a place to search."""
