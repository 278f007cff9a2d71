"""Where documents stand in the config repo. Standard library only, so that the command line finds them cheaply."""

PATTERNS = (
    "risk_config.yaml",
    "risk_alerts.yaml",
    "emergency.yaml",
    "trust.yaml",
    "strategies/*.yaml",
    "halts/*.yaml",
    "cleared/*.yaml",
    "ab_tests/*.yaml",
)
FOLDERS = frozenset(pattern.partition("/")[0] for pattern in PATTERNS if "/" in pattern)


def is_relevant(path: str) -> bool:
    """Whether a reader must see ``path``: a document, or something that has no place where it is."""
    folder, slash, _ = path.partition("/")
    return folder in FOLDERS if slash else path.endswith((".yaml", ".yml"))
