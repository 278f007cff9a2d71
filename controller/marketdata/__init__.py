"""Market data: daily prices and the instruments table, read once into compact arrays. Standard library only."""
