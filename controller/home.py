"""Where each file of the home folder is. Standard library only; see docs/protocols.md for what each is for."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Home:
    """Paths below the home folder."""

    root: Path

    @property
    def settings(self) -> Path:
        """settings.toml"""
        return self.root / "settings.toml"

    @property
    def keys(self) -> Path:
        """Folder of OpenSSH keys."""
        return self.root / "keys"

    @property
    def bare(self) -> Path:
        """The bare config repo."""
        return self.root / "config.git"

    @property
    def clone(self) -> Path:
        """People's clone."""
        return self.root / "config"

    @property
    def raise_file(self) -> Path:
        """The latch half that anyone may tighten."""
        return self.root / "latch" / "raise"

    @property
    def permit_file(self) -> Path:
        """The latch half of the lease holder."""
        return self.root / "latch" / "permit"

    @property
    def journal(self) -> Path:
        """The halt journal."""
        return self.root / "journal"

    @property
    def drafts(self) -> Path:
        """Texts of ``config edit`` that have not landed, a folder each."""
        return self.root / "drafts"

    @property
    def proposals(self) -> Path:
        """Changes that somebody asked for on the dashboard and that wait for a person's signature."""
        return self.root / "proposals"

    @property
    def dashboard(self) -> Path:
        """Users, keys and sessions of the dashboard."""
        return self.root / "dashboard.db"

    @property
    def policy(self) -> Path:
        """Folder of compiled snapshots."""
        return self.root / "policy"

    @property
    def approvals(self) -> Path:
        """What of the newest verified commit waits for whose approval."""
        return self.root / "policy" / "approvals"

    @property
    def store(self) -> Path:
        """SQLite file."""
        return self.root / "store.db"

    @property
    def audit_head(self) -> Path:
        """Sequence and hash of the newest audit record."""
        return self.root / "audit.head"

    @property
    def engine(self) -> Path:
        """Folder of the paper venue."""
        return self.root / "engine"

    @property
    def run(self) -> Path:
        """Folder of sockets and pid files."""
        return self.root / "run"

    @property
    def controller_socket(self) -> Path:
        """The controller's JSON-RPC socket."""
        return self.run / "controller.sock"

    @property
    def gate_socket(self) -> Path:
        """The gate's socket."""
        return self.run / "gate.sock"

    @property
    def told_down(self) -> Path:
        """What the watchdog told while there was no store."""
        return self.run / "told-down.json"

    @property
    def logs(self) -> Path:
        """Folder of logs."""
        return self.root / "logs"

    @property
    def backups(self) -> Path:
        """Folder of backups, one folder each, named by their UTC instant."""
        return self.root / "backups"

    @property
    def replaced(self) -> Path:
        """What a restore put aside, in folders named by their UTC instant; nothing deletes them."""
        return self.root / "replaced"
