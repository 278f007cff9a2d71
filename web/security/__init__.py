"""Who may do what on the dashboard: people and keys, sessions, rates, and the guard before every endpoint."""
