"""The process that holds the dashboard's key: it signs what tightens, and reads no request but what is asked for."""
