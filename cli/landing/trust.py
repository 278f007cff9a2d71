"""``trust add``, ``remove`` and ``rotate``: who signs, changed by a signed commit."""

import os
from collections.abc import Callable
from pathlib import Path

from cli.change import WAIT_SECONDS, Change, carry_out
from cli.consent import Options
from cli.output import USAGE, Document, Failure
from cli.remote import ask, home
from cli.render.text import safe
from controller.core.trust.signers import added, allowed_signers, entries, rekeyed, removed, same_key

TRUST = "trust.yaml"
_HEX = frozenset("0123456789abcdefABCDEF")
_KINDS = ("ssh-", "ecdsa-", "sk-", "openpgp ")


def add(options: Options, principal: str, key: str, roles: tuple[str, ...]) -> int:
    """List ``key`` of ``principal`` with ``roles``."""
    line = key_line(key)
    again = f"gt risk trust add {principal} --key {key} " + " ".join(f"--role {role}" for role in roles)

    def edit(text: bytes) -> bytes:
        return added(text, principal, line, roles)

    return _land(options, edit, f"Adding signer: {principal}", f"✓ Signer added: {principal}", again)


def take_over(options: Options, file: Path, roles: tuple[str, ...]) -> int:
    """List every key of an allowed_signers file with ``roles``; keys that are listed already are left out."""
    try:
        found = list(allowed_signers(file.read_text()))
    except (OSError, ValueError) as error:
        raise Failure(f"{file}: {error}", "man ssh-keygen   # ALLOWED SIGNERS", USAGE, "BadArgument") from error

    def edit(text: bytes) -> bytes:
        for item in found:
            if not any(same_key(item.key, key) for _, key in entries(text)):
                text = added(text, item.principal, item.key, roles)
        return text

    names = ", ".join(item.principal for item in found)
    again = f"gt risk trust add --from {file} " + " ".join(f"--role {role}" for role in roles)
    return _land(options, edit, f"Adding signers: {names}", f"✓ Signers added: {names}", again)


def remove(options: Options, who: str) -> int:
    """Take a signer out: every key of a principal, or the one key that ``who`` names."""

    def edit(text: bytes) -> bytes:
        listed = entries(text)
        chosen = [at for at, (principal, _) in enumerate(listed) if principal == who]
        chosen = chosen or [at for at, (_, key) in enumerate(listed) if same_key(key, _maybe_key(who))]
        if not chosen:
            names = ", ".join(dict.fromkeys(principal for principal, _ in listed))
            raise Failure(f"no signer {who!r}; listed are {names}", "gt risk trust list", USAGE, "BadArgument")
        for at in reversed(chosen):
            text = removed(text, at)
        return text

    again = f"gt risk trust remove {who}"
    return _land(options, edit, f"Removing signer: {who}", f"✓ Signer removed: {who}", again)


def rotate(options: Options, key: str) -> int:
    """Put ``key`` in the place of the key that signs here; the old one signs this last commit."""
    line, old = key_line(key), _own_key()

    def edit(text: bytes) -> bytes:
        at = next((place for place, (_, known) in enumerate(entries(text)) if same_key(known, old)), None)
        if at is None:
            raise Failure("the key that signs here is not in trust.yaml", "gt risk trust list", code="UnknownKey")
        return rekeyed(text, at, line)

    after = f"  next: set signing_key in {home()}/settings.toml to the new key"
    return _land(options, edit, "Rotating your key", f"✓ Key rotated\n{after}", f"gt risk trust rotate {key}")


def _land(options: Options, edit: Callable[[bytes], bytes], title: str, done: str, again: str) -> int:
    found = ask("config.documents", {"ref": ""}, WAIT_SECONDS)
    try:
        text = edit(found["files"][TRUST].encode()).decode()
    except (ValueError, KeyError) as error:
        raise Failure(f"{TRUST}: {error}", f"gt risk config edit {TRUST}") from error

    def closing(_: Document) -> list[str]:
        return [*done.split("\n"), "✓ Change logged to audit trail"]

    intent = {"kind": "write-documents", "base": found["commit"], "files": {TRUST: text}}
    return carry_out(Change(intent, lambda _: [safe(title)], closing, f"{again} --yes", "gt risk trust list"), options)


def key_line(text: str) -> str:
    """The line of trust.yaml for a key given as a file, as a line of ``ssh-add -L`` or as an OpenPGP fingerprint."""
    bare = "".join(text.split())
    if len(bare) in (40, 64) and not set(bare) - _HEX:
        return f"openpgp {bare.upper()}"
    if text.startswith(_KINDS):
        return " ".join(text.split())
    path = Path(text).expanduser()
    public = path if path.suffix == ".pub" else path.with_name(f"{path.name}.pub")
    try:
        return " ".join(public.read_text().split())
    except OSError as error:
        raise Failure(
            f"{text}: no public key file ({error.strerror}), no line of ssh-add -L, no OpenPGP fingerprint",
            "ssh-keygen -t ed25519, or gpg --list-keys --fingerprint",
            USAGE,
            "BadArgument",
        ) from error


def _maybe_key(text: str) -> str:
    try:
        return key_line(text)
    except Failure:
        return text


def _own_key() -> str:
    from controller.settings import load

    settings = load({**os.environ, "GT_RISK_HOME": home()})
    return key_line(settings.signing_key or f"{home()}/keys/operator")
