"""The desired state that was in force last, by git and policy folder alone: it needs no store."""

from controller.adapters.clock import SystemClock
from controller.adapters.git.source import GitSource
from controller.adapters.signatures.kinds import check_key
from controller.adapters.signatures.kinds import verify as check_signature
from controller.home import Home
from controller.marketdata.instruments import load_instruments, sectors
from controller.reconcile.publisher import load_last_known_good
from controller.reconcile.verifier import Verifier
from controller.settings import load
from schemas.desired import Desired


def last_applied(home: Home) -> Desired | None:
    """The documents of the last-known-good's commit, None before the first. Raises GtRiskError."""
    known = load_last_known_good(home.policy)
    return None if known is None else desired_of(home, known.commit)


def desired_of(home: Home, commit: str) -> Desired:
    """The documents of a commit of the config repo. Raises GtRiskError."""
    settings = load({"GT_RISK_HOME": str(home.root)})
    pins, folder = settings.pins, settings.source.path
    source = GitSource(home.bare, pins.branch, SystemClock(), folder=folder, introduction=pins.introduction)
    try:
        table = sectors(load_instruments())
        return Verifier(source, pins, check_signature, check_key, table).desired(commit)
    finally:
        source.close()
