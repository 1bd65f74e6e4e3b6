"""What the stores of query sets and experiments are made of: what they share, records, requests and locks."""
