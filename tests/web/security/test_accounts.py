import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from web.registry import Role
from web.security.accounts import IDLE_NS, LIFE_NS, Accounts, NoSuchAccount
from web.security.identity import Rank

NOW = 1_768_818_225_000_000_000
SECOND = 1_000_000_000


@pytest.fixture
def accounts(tmp_path: Path) -> Iterator[Accounts]:
    with closing(Accounts(tmp_path / "dashboard.db")) as made:
        made.add_user("ada", "hash", Rank.OPERATOR, False, NOW)
        yield made


def test_file_when_made_then_its_owners_alone(accounts: Accounts, tmp_path: Path) -> None:
    accounts.begin("ada", NOW)
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}


def test_file_when_others_can_read_it_then_refused(tmp_path: Path) -> None:
    path = tmp_path / "dashboard.db"
    path.touch(0o644)
    path.chmod(0o644)
    with pytest.raises(PermissionError, match="chmod 0600"):
        Accounts(path)


def test_file_when_read_then_holds_neither_key_nor_session(accounts: Accounts, tmp_path: Path) -> None:
    session = accounts.begin("ada", NOW)
    id, key = accounts.add_key("probe", Rank.READ_ONLY, False, (), NOW, NOW + SECOND)
    content = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert id.encode() in content
    assert session.encode() not in content
    assert key.partition(".")[2].encode() not in content


def test_session_when_used_then_lasts_and_when_idle_then_ends(accounts: Accounts) -> None:
    secret, now = accounts.begin("ada", NOW), NOW
    for _ in range(3):
        now += IDLE_NS - 1
        assert accounts.by_session(secret, now) is not None
    assert accounts.by_session(secret, now + IDLE_NS) is None


def test_session_when_used_all_day_then_ends_all_the_same(accounts: Accounts) -> None:
    secret = accounts.begin("ada", NOW)
    for now in range(NOW, NOW + LIFE_NS, IDLE_NS // 2):
        assert accounts.by_session(secret, now) is not None
    assert accounts.by_session(secret, NOW + LIFE_NS) is None


def test_session_when_the_clock_went_back_before_it_then_not_good(accounts: Accounts) -> None:
    assert accounts.by_session(accounts.begin("ada", NOW), NOW - 1) is None


def test_session_when_ended_then_the_cookie_is_worthless(accounts: Accounts) -> None:
    one, other = accounts.begin("ada", NOW), accounts.begin("ada", NOW)
    accounts.end(one)
    assert accounts.by_session(one, NOW) is None
    assert accounts.by_session(other, NOW) is not None


def test_user_when_disabled_then_every_session_has_ended_and_no_password_fits(accounts: Accounts) -> None:
    secret = accounts.begin("ada", NOW)
    accounts.disable("ada")
    assert accounts.by_session(secret, NOW) is None
    assert accounts.password_of("ada") is None
    accounts.add_user("ada", "new", Rank.READ_ONLY, True, NOW)
    assert accounts.by_session(secret, NOW) is None
    assert accounts.password_of("ada") == "new"


def test_user_when_another_process_disables_it_then_out_at_once(accounts: Accounts, tmp_path: Path) -> None:
    secret = accounts.begin("ada", NOW)
    with closing(Accounts(tmp_path / "dashboard.db")) as command:
        command.disable("ada")
    assert accounts.by_session(secret, NOW) is None


def test_disable_when_nobody_is_called_so_then_says_so(accounts: Accounts) -> None:
    with pytest.raises(NoSuchAccount):
        accounts.disable("eve")
    with pytest.raises(NoSuchAccount):
        accounts.revoke("0" * 12)


def test_key_when_good_then_its_roles_and_scope(accounts: Accounts) -> None:
    id, key = accounts.add_key("probe", Rank.EMERGENCY, True, ("/api/emergency/*",), NOW, NOW + SECOND)
    found = accounts.by_key(key, NOW)
    assert found is not None
    assert (found.name, found.via) == (f"key {id}", "key")
    assert found.roles == {Role.ANYONE, Role.VIEWER, Role.EMERGENCY, Role.LIQUIDATOR}
    assert found.reaches("/api/emergency/halt-all")
    assert not found.reaches("/api/config/reload")


def test_key_when_wrong_revoked_or_past_its_end_then_nobody(accounts: Accounts) -> None:
    id, key = accounts.add_key("probe", Rank.READ_ONLY, False, (), NOW, NOW + SECOND)
    wrong = (f"{id}.wrong", id, "", ".", f"{'0' * 12}.{key.partition('.')[2]}", f"{key}x", key.upper())
    assert [accounts.by_key(text, NOW) for text in wrong] == [None] * len(wrong)
    assert accounts.by_key(key, NOW + SECOND) is None
    accounts.revoke(id)
    assert accounts.by_key(key, NOW) is None


def test_session_when_another_process_holds_the_file_then_still_good_and_nobody_waits(
    accounts: Accounts, tmp_path: Path
) -> None:
    secret = accounts.begin("ada", NOW)
    with closing(sqlite3.connect(tmp_path / "dashboard.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert accounts.by_session(secret, NOW + IDLE_NS // 2) is not None
        other.execute("ROLLBACK")
    assert accounts.by_session(secret, NOW + IDLE_NS) is None
