"""The controller of gt-risk: makes the live book what the verified desired state says."""
