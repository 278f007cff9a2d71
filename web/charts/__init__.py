"""Drawings as SVG on the server: they need no script, and each tells its figures in words too."""
