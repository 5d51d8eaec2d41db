"""What operators see of a node: metrics, health, and a line in the log for each request."""
