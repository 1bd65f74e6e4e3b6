"""What people write as ratings, and the whole numbers that a measure takes for it."""
