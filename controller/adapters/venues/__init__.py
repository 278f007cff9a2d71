"""Venues behind the gate. Standard library only: they live in the gate's process."""
