"""Git behind the Source port: object database, source, hooks, provisioning, and the in-memory twin."""
