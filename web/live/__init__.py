"""Live: what changed, told to every stream once, with ids by which a client catches up after any break."""
