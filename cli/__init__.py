"""The ``gt risk`` command line: thin. Parse, call, render."""
