"""Whose commits count on the bot's branch."""

import pytest

from controller.adapters.signatures.sshsig import verify
from controller.errors import Refused
from controller.ports import RawCommit
from controller.reconcile.bots import Bots
from schemas.trust import Role, Signer, Target, Trust
from tests.support.config_repo import Site

PAYLOAD = b"tree " + b"0" * 40 + b"\n"


def trust(site: Site, **roles: Role) -> Trust:
    signers = tuple(Signer(principal=name, key=site.line(name), roles=(role,)) for name, role in roles.items())
    return Trust(version=1, target=Target(repo="0" * 32, environment="paper"), signers=signers)


def commit(signature: bytes | None) -> RawCommit:
    return RawCommit("c" * 40, (), "0" * 40, "A", "A", 0, "", PAYLOAD, signature)


def test_own_when_a_bot_signed_then_counts_and_nobody_else_does(site: Site) -> None:
    bots = Bots(trust(site, bot=Role.BOT, operator=Role.ADMIN), verify)
    assert bots.own(commit(site.key("bot")(PAYLOAD)))
    assert not bots.own(commit(site.key("operator")(PAYLOAD)))
    assert not bots.own(commit(site.key("stranger")(PAYLOAD)))
    assert not bots.own(commit(site.key("bot")(PAYLOAD + b"changed")))


def test_own_when_unsigned_then_refused_by_that_name(site: Site) -> None:
    with pytest.raises(Refused, match="not signed"):
        Bots(trust(site, bot=Role.BOT), verify).require(commit(None))


def test_own_when_the_bot_has_a_new_key_then_the_old_word_stays_unless_denied(site: Site) -> None:
    before, now = trust(site, bot=Role.BOT), trust(site, successor=Role.BOT)
    old = commit(site.key("bot")(PAYLOAD))
    assert not Bots(now, verify).own(old)
    assert Bots(now, verify, earlier=lambda: (now, before)).own(old)
    assert not Bots(now, verify, (site.key("bot").fingerprint,), lambda: (now, before)).own(old)
