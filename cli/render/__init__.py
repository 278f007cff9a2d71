"""Text of each answer: plain dicts in, lines out."""
