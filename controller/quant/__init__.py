"""The process that computes the figures of risk and return, and its client. NumPy is loaded there only."""
