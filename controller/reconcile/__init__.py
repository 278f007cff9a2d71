"""Makes live what the verified desired state says; halts, permit and monitor included."""
