"""The compiled policy and the direction of a change. Pure."""
