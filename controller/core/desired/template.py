"""Fill the template of the config repo with what belongs to one installation."""

from collections.abc import Mapping, Sequence

from controller.core.desired.yaml_edit import apply_edit
from schemas.edits import SetValue

TRUST = "trust.yaml"


def fill(
    files: Mapping[str, bytes],
    repo_id: str,
    environment: str,
    branch: str,
    principal: str,
    key_line: str,
    bot_key_line: str,
    uids: Sequence[str],
) -> dict[str, bytes]:
    """The template's files with target, keys and uids in them; comments and every other byte stay.

    Parameters: ``files`` — content by path; ``repo_id`` and ``uids`` — 32 random hexadecimal digits each, one uid for
    each strategy in the order of their ids; ``key_line`` and ``bot_key_line`` — OpenSSH public key lines.
    Raises ValueError when there are not as many uids as strategies.
    """
    filled = dict(files)
    values = {
        ("target", "repo"): repo_id,
        ("target", "environment"): environment,
        ("target", "branch"): branch,
        ("signers", "0", "principal"): principal,
        ("signers", "0", "key"): key_line,
        ("signers", "1", "key"): bot_key_line,
    }
    for pointer, value in values.items():
        filled[TRUST] = _set(filled[TRUST], TRUST, pointer, value)
    strategies = sorted(path for path in files if path.startswith("strategies/"))
    for path, uid in zip(strategies, uids, strict=True):
        filled[path] = _set(filled[path], path, ("uid",), uid)
    return filled


def _set(content: bytes, path: str, pointer: tuple[str, ...], value: str) -> bytes:
    quoted = '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return apply_edit(content, SetValue(path=path, pointer=pointer, value=quoted))
