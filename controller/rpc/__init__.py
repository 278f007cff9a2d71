"""The controller's socket: JSON-RPC 2.0, one object a line."""
