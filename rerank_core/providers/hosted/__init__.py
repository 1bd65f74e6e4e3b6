"""Services of companies, reached over the internet with a key: one file each."""
