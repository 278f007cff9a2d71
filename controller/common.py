"""What the running controller and its offline stand-in share: git, store, clock, verifier and halt desk."""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from controller.adapters.clock import SystemClock
from controller.adapters.git.notary import GitNotary
from controller.adapters.git.source import GitSource
from controller.adapters.signatures.keys import KeyFile
from controller.adapters.signatures.kinds import check_key, verify
from controller.adapters.store.sql import SqlStore
from controller.control import Parts
from controller.core.trust.keys import Signed, key_blob
from controller.errors import StoreUnavailable
from controller.home import Home
from controller.latch.permit import PermitFile
from controller.marketdata.instruments import load_instruments, sectors
from controller.ports import RawCommit
from controller.reconcile.bots import Bots
from controller.reconcile.change_desk import NAME as CHANGES
from controller.reconcile.change_desk import ChangeDesk
from controller.reconcile.goal import GoalMaker, Memory
from controller.reconcile.halt_desk import HaltDesk
from controller.reconcile.pinning import LivePins
from controller.reconcile.record import pins_entry, pins_text
from controller.reconcile.signers import Signers
from controller.reconcile.verifier import Verifier
from controller.settings import Pins, Settings
from schemas.audit import Checkpoint
from schemas.desired import Desired

_log = logging.getLogger(__name__)


class Common:
    """The parts themselves. ``objects``: a folder of git objects that are read beside those of the config repo."""

    def __init__(self, settings: Settings, permit: PermitFile, objects: Path | None = None) -> None:
        self.settings = settings
        self.home = home = Home(settings.home)
        self.clock = SystemClock()
        self.store = SqlStore(home.store, home.audit_head)
        self.source = GitSource(
            home.bare,
            settings.pins.branch,
            self.clock,
            sign=lambda payload: KeyFile(home.keys / "bot")(payload),
            remote=settings.source.remote,
            timeout=settings.source.timeout_seconds,
            extra={"GIT_ALTERNATE_OBJECT_DIRECTORIES": str(objects)} if objects else None,
            folder=settings.source.path,
            introduction=settings.pins.introduction,
        )
        self.notary = GitNotary(
            home.bare,
            self.clock,
            lambda payload: KeyFile(home.keys / "bot")(payload),
            settings.source.remote,
            settings.source.timeout_seconds,
        )
        self.sectors = sectors(load_instruments())
        self.pins = LivePins(settings, self._pinned_anew)
        self.verifier = Verifier(
            self.source, self.pins, verify, check_key, self.sectors, home.approvals, self._pins_renewed
        )
        self.desk = HaltDesk(home, permit, self.store, self.source, self.clock)

    def control_parts(self, memory: Memory, maker: GoalMaker) -> Parts:
        """The parts of a control over these."""
        return Parts(
            source=self.source,
            verifier=self.verifier,
            store=self.store,
            alerts=self.store.alerts,
            clock=self.clock,
            desk=self.desk,
            maker=maker,
            memory=memory,
            pins=self.pins,
            sectors=self.sectors,
            signer=self._signer,
            signers=Signers(self.source, self.verifier.desired, verify).of,
            waits=self.change_desk(memory).waits,
            attested=lambda: self._attested(memory.applied_desired),
        )

    def change_desk(self, memory: Memory) -> ChangeDesk:
        """What changes must wait for, judged against ``memory``."""
        record = self.home.policy / CHANGES
        return ChangeDesk(self.source, self.verifier, verify, self.clock, memory, record, self.pins)

    def _pinned_anew(self, before: Pins, after: Pins) -> None:
        self.store.append_audit(pins_entry(pins_text(before), pins_text(after), self.clock.wall_ns()))

    def _pins_renewed(self) -> bool:
        """Other pins count from the moment on when that is in the audit log."""
        try:
            return self.pins.renew()
        except StoreUnavailable as error:
            _log.error("settings.toml has other pins, which cannot be recorded and do not count yet: %s", error)
            return False

    def _signer(self) -> Signed | None:
        """Whose key signs here, by its public half; None when there is none to read."""
        key = Path(self.settings.signing_key or self.home.keys / "operator").expanduser()
        if key.name.startswith("openpgp "):
            return Signed(key_blob(key.name))
        public = key if key.suffix == ".pub" else key.with_name(f"{key.name}.pub")
        try:
            return Signed(key_blob(public.read_text()))
        except (OSError, ValueError):
            return None

    def _attested(self, desired: Desired | None) -> Sequence[Checkpoint]:
        """The bot's notes on the audit chain; none before a tree is applied that says who the bot is."""
        return self.notary.attested(self.own(desired)) if desired is not None else ()

    def own(self, desired: Desired) -> Callable[[RawCommit], bool]:
        """Whether a commit on the bot's branch counts, by the trust of ``desired``."""
        return Bots(desired.trust, verify, self.pins.denied_keys, lambda: self.verifier.trusts(desired.commit)).own

    def close(self) -> None:
        """Release git and store."""
        self.source.close()
        self.notary.close()
        self.store.close()
