"""The browser's libraries: fetched by name and hash at install time, never committed."""
