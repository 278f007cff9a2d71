from controller.gate.linger import LINGER_NS, Linger

NOW = 10**15


def answered(linger: Linger, at: int) -> None:
    linger.called(at)
    linger.answered(at)


def test_awake_when_just_answered_then_for_a_moment_and_no_longer() -> None:
    linger = Linger()
    answered(linger, NOW)
    assert [linger.awake(NOW + after) for after in (0, LINGER_NS - 1, LINGER_NS, 1)] == [True, True, False, False]


def test_awake_when_requests_come_in_a_row_then_after_each() -> None:
    linger = Linger()
    for at in range(NOW, NOW + 10 * LINGER_NS, LINGER_NS // 2):
        answered(linger, at)
        assert linger.awake(at + 1)


def test_awake_when_a_request_came_right_after_it_slept_then_sleeps_at_once_until_there_was_a_pause() -> None:
    linger, at = Linger(), NOW + LINGER_NS
    answered(linger, NOW)
    assert not linger.awake(at)
    for _ in range(3):
        at += LINGER_NS - 1
        answered(linger, at)
        assert not linger.awake(at)
    answered(linger, at + LINGER_NS)
    assert linger.awake(at + LINGER_NS)
