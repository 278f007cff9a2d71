"""What people may do from the dashboard: each act once, for pages and for programs."""
