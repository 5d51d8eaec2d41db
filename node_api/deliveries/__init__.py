"""What travels between nodes: the routes that take it in, and the loop that sends it."""
