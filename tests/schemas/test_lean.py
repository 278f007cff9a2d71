"""Models that share their set of written fields are what they were, and a copy has a set of its own."""

from schemas.desired import StrategyStatus
from schemas.live import StrategyLive
from schemas.scalars import lean


def made(uid: str, **fields: int) -> StrategyLive:
    return StrategyLive.model_validate({"uid": uid, "venue_status": StrategyStatus.PAUSED, **fields})


def test_lean_when_two_wrote_the_same_fields_then_they_share_the_set_and_stay_as_they_were() -> None:
    one, other, more = lean(made("a")), lean(made("b")), lean(made("c", wins=1))
    assert one.model_fields_set is other.model_fields_set
    assert one == made("a") and more == made("c", wins=1)
    assert more.model_dump(exclude_unset=True) == {"uid": "c", "venue_status": StrategyStatus.PAUSED, "wins": 1}


def test_copy_of_a_lean_model_when_it_writes_more_then_the_others_do_not() -> None:
    one, other = lean(made("a")), lean(made("b"))
    copy = one.model_copy(update={"wins": 2})
    assert "wins" in copy.model_fields_set
    assert "wins" not in one.model_fields_set | other.model_fields_set
