"""What whoever runs the server sees of it from outside: numbers for Prometheus, and log lines for programs."""
