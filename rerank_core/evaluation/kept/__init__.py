"""What was worked out from an experiment, kept: under a name that stands for all that it was worked out from."""
