"""What the dashboard was started with."""

from dataclasses import dataclass
from pathlib import Path

LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True)
class Options:
    """``controls``: logged-in people may act; without it everybody may only look. ``allow``: networks (CIDR) that may
    connect, everybody's when empty. TLS needs both ``certificate`` and ``key``."""

    home: Path
    host: str = "127.0.0.1"
    port: int = 8080
    controls: bool = False
    certificate: Path | None = None
    key: Path | None = None
    allow: tuple[str, ...] = ()

    @property
    def tls(self) -> bool:
        """Whether it speaks HTTPS."""
        return self.certificate is not None and self.key is not None

    @property
    def loopback(self) -> bool:
        """Whether only this machine can connect."""
        return self.host in LOOPBACK

    @property
    def url(self) -> str:
        """Where a browser on this machine finds it."""
        name = "localhost" if self.loopback or self.host in ("0.0.0.0", "::") else self.host
        return f"{'https' if self.tls else 'http'}://{f'[{name}]' if ':' in name else name}:{self.port}"
