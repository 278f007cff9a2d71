"""Learning phases: what they do to limits, and the evidence on which strategies and phases graduate. Pure."""
