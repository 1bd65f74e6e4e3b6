"""The Duplicates page: all texts against each other, or one reference against many."""
