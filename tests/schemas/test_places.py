"""Where documents stand: the light table says what the models say."""

from schemas.desired import DOCUMENTS
from schemas.places import PATTERNS


def test_patterns_when_compared_with_the_models_then_the_same() -> None:
    assert tuple(DOCUMENTS) == PATTERNS
