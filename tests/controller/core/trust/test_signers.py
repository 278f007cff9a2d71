"""trust.yaml as text: what is added, removed and rotated, and that every other line stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core.desired.documents import parse
from controller.core.trust.signers import Allowed, added, allowed_signers, entries, rekeyed, removed, same_key
from schemas.trust import Trust
from tests.support.desired import key_line

HEAD = """# Who may do what.
version: 1
target:
  repo: "00112233445566778899aabbccddeeff"
  environment: paper
signers:
  # the founder
  - principal: Ada Example
    key: %s
    roles: [admin, operator]  # both
  - principal: bot
    key: %s
    roles:
      - bot
# Rules come first.
rules: []
"""
TEXT = (HEAD % (key_line("ada"), key_line("bot"))).encode()


def model(content: bytes) -> Trust:
    found = parse("trust.yaml", content)
    assert isinstance(found.model, Trust), found.problems
    return found.model


def test_added_when_one_more_then_it_is_last_and_every_line_stays() -> None:
    text = added(TEXT, "ben", key_line("ben"), ("risk-officer", "operator"))
    trust = model(text)
    assert [(item.principal, item.key) for item in trust.signers][-1] == ("ben", key_line("ben"))
    assert [role.value for role in trust.signers[-1].roles] == ["risk-officer", "operator"]
    assert [line for line in text.splitlines() if line in TEXT.splitlines()] == TEXT.splitlines()


@pytest.mark.parametrize(("index", "left"), [(0, ["bot"]), (1, ["Ada Example"])])
def test_removed_when_one_goes_then_the_others_stay(index: int, left: list[str]) -> None:
    assert [item.principal for item in model(removed(TEXT, index)).signers] == left
    assert b"# Rules come first." in removed(TEXT, index)


def test_rekeyed_when_a_key_is_rotated_then_nothing_else_changes() -> None:
    text = rekeyed(TEXT, 0, key_line("new"))
    assert entries(text) == [("Ada Example", key_line("new")), ("bot", key_line("bot"))]
    assert text.replace(key_line("new").encode(), key_line("ada").encode()) == TEXT


@given(st.lists(st.sampled_from(["ben", "cy", "dee", "eve"]), unique=True, max_size=4))
def test_added_and_removed_when_in_any_order_then_the_text_is_as_it_was(names: list[str]) -> None:
    text = TEXT
    for name in names:
        text = added(text, name, key_line(name), ("operator",))
    for name in names:
        index = next(at for at, (principal, _) in enumerate(entries(text)) if principal == name)
        text = removed(text, index)
    assert text == TEXT


def test_added_when_the_list_is_a_flow_one_then_says_so() -> None:
    with pytest.raises(ValueError, match="one below the other"):
        added(b"version: 1\nsigners: []\n", "ben", key_line("ben"), ("operator",))


def test_same_key_when_only_the_comment_differs_then_is_the_same() -> None:
    assert same_key(key_line("ada"), key_line("ada") + " at work")
    assert not same_key(key_line("ada"), key_line("ben"))
    assert not same_key("nonsense", "nonsense")


def test_allowed_signers_when_plain_then_is_taken_over() -> None:
    kind, blob, _ = key_line("ada").split()
    text = f'# ours\n\nada@example.org {kind} {blob} home\nben@example.org namespaces="git,file" {kind} {blob}\n'
    text += f'cy@example.org namespaces="file" {kind} {blob}\n'
    found = [Allowed("ada@example.org", f"{kind} {blob}"), Allowed("ben@example.org", f"{kind} {blob}")]
    assert list(allowed_signers(text)) == found


@pytest.mark.parametrize(
    "line",
    [
        "*@example.org {key}",
        "ada,ben {key}",
        "ada cert-authority {key}",
        'ada valid-before="20300101" {key}',
        "ada nothing",
        "ada ssh-ed25519 AAAA",
    ],
)
def test_allowed_signers_when_it_says_more_than_a_key_then_is_refused_by_line(line: str) -> None:
    with pytest.raises(ValueError, match="line 2"):
        list(allowed_signers("# ours\n" + line.format(key=key_line("ada")) + "\n"))
