"""The Connections page: providers, keys, prices, the local models, a test of each connection."""
