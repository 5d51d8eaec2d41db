"""What travels between nodes: queueing, taking in, acknowledging, and the inbox."""
