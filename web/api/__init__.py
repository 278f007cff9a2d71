"""The API: the documents that the commands print with ``--json``, for programs elsewhere."""
