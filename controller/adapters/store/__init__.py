"""The Store port: SQL (SQLite here, PostgreSQL an adapter away) and its in-memory twin.

Import ``controller.adapters.store.sql`` only where it is used: SQLAlchemy costs a fifth of a second.
"""
