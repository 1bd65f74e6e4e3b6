"""Where the operator has knowledge bases kept."""
