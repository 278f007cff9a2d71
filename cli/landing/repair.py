"""``trust repair``: a locked-out trust.yaml is replaced by two keys and a pin in this machine's settings."""

from pathlib import Path

from cli.change import WAIT_SECONDS, Change, carry_out
from cli.consent import Options
from cli.landing.trust import TRUST, key_line
from cli.output import DECLINED, USAGE, Failure
from cli.remote import ask, home
from controller.core.trust.keys import SignatureError, fingerprint, key_blob
from controller.rpc.client import RpcError

_HELP = "gt risk trust repair --help"


def repair(options: Options, file: Path, keys: tuple[str, ...]) -> int:
    """Land ``file`` as trust.yaml, signed by both ``keys``; the pins for it stay only when it lands."""
    from controller.reconcile.publisher import write_durably

    prints = _fingerprints(keys)
    again = f"gt risk trust repair {file} --key {keys[0]} --key {keys[1]} --reason TEXT"
    if not options.reason and not options.dry_run:
        raise Failure("say why", again, DECLINED, "NoReason")
    settings = Path(home()) / "settings.toml"
    before = settings.read_text()
    try:
        return carry_out(_change(file, keys, prints, settings, again), options)
    except (RpcError, Failure):
        write_durably(settings, before)
        raise


def _fingerprints(keys: tuple[str, ...]) -> tuple[str, ...]:
    """Those of two different keys. Raises Failure."""
    try:
        prints = tuple(fingerprint(key_blob(key_line(key))) for key in keys)
    except SignatureError as error:
        raise Failure(str(error), _HELP, USAGE, "BadArgument") from error
    if len(prints) != 2 or prints[0] == prints[1]:
        raise Failure("a repair takes two different keys: --key twice", _HELP, USAGE, "Usage")
    return prints


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise Failure(f"{file}: {error}", _HELP, USAGE, "BadArgument") from error


def _change(file: Path, keys: tuple[str, ...], prints: tuple[str, ...], settings: Path, again: str) -> Change:
    text, before = _read(file), settings.read_text()
    found = ask("config.documents", {"ref": ""}, WAIT_SECONDS)

    def sign(payload: bytes, _: str) -> tuple[bytes, bytes]:
        """Both signatures; the commit that they make is pinned before it lands."""
        from controller.adapters.git.objects import join_commit, object_id
        from controller.adapters.signatures.signer import sign as by
        from controller.core.trust.repair import countersigned, statement
        from controller.host.settings_file import with_repair
        from controller.reconcile.publisher import write_durably

        one, other = (Path(key).expanduser() for key in keys)
        payload = countersigned(payload, by(statement(payload), other))
        signature = by(payload, one)
        commit = object_id("commit", join_commit(payload, signature))
        write_durably(settings, with_repair(before, commit, prints))
        return payload, signature

    return Change(
        {"kind": "write-documents", "base": found["commit"], "files": {TRUST: text}},
        lambda _: ["⚠️  WARNING: This replaces trust.yaml by two keys that this machine pins, whatever it says now"],
        lambda _: ["✓ trust.yaml repaired", f"✓ Pinned in: {settings}", "✓ Change logged to audit trail"],
        f"{again} --yes",
        "gt risk trust list",
        sign=sign,
        waits=False,
    )
