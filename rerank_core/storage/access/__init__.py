"""Who may come in, as far as it is kept."""
