"""The Engine port: the gate service over its socket, and an in-memory twin."""
