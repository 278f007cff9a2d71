"""What a commit object may look like, and what its trailers say: strict, so that nothing reads it two ways."""

import re

TARGET = "Gt-Target"
PLAN = "Plan-Digest"
CHANNEL = "Channel"
_HEAD = re.compile(
    rb"tree [0-9a-f]{40}\n"
    rb"(?:parent [0-9a-f]{40}\n)*"
    rb"author [^<>\n\0]+ <[^<>\n\0]*> [0-9]{1,12} [+-][0-9]{4}\n"
    rb"committer [^<>\n\0]+ <[^<>\n\0]*> [0-9]{1,12} [+-][0-9]{4}\n"
)
_HEADERS = (b"tree", b"parent", b"author", b"committer")
_TRAILER = re.compile(r"^([A-Za-z][A-Za-z0-9-]*): *(\S.*?) *$")


def two_signatures(payload: bytes) -> str:
    """Says so when a second signature header is left in the signed payload, else ``""``."""
    names = {line.partition(b" ")[0] for line in payload.partition(b"\n\n")[0].split(b"\n")}
    more = sorted(name.decode() for name in names if name.startswith(b"gpgsig"))
    return f"it carries a second signature ({', '.join(more)}); exactly one is accepted" if more else ""


def malformed(payload: bytes) -> str:
    """What is wrong with the commit's form: headers, their order, NUL bytes, encoding; ``""`` when nothing is."""
    head, _, _ = payload.partition(b"\n\n")
    if b"\0" in payload:
        return "it holds a NUL byte"
    if two_signatures(payload):
        return ""
    for line in head.split(b"\n"):
        name = line.partition(b" ")[0]
        if name not in _HEADERS:
            return f"its header {name.decode('ascii', 'backslashreplace')!r} is not accepted"
    if _HEAD.fullmatch(head + b"\n") is None:
        return "its headers are not tree, parent, author, committer in this order, once each"
    try:
        payload.decode("utf-8")
    except UnicodeDecodeError:
        return "it is not UTF-8"
    return ""


def trailers(message: str, key: str) -> tuple[str, ...]:
    """Values of ``key: value`` in the last paragraph, when that paragraph is nothing but trailers and not the first.

    Never a search of the text: a line elsewhere that looks like a trailer is only text.
    """
    paragraphs = [part for part in re.split(r"\n[ \t]*\n", message.strip("\n")) if part.strip()]
    if len(paragraphs) < 2:
        return ()
    found: list[str] = []
    for line in paragraphs[-1].strip("\n").split("\n"):
        if line[:1] in (" ", "\t"):
            continue
        match = _TRAILER.match(line)
        if match is None:
            return ()
        if match[1] == key:
            found.append(match[2])
    return tuple(found)


def target_text(repo: str, environment: str, branch: str) -> str:
    """The value of the landing trailer: ``repo/environment/branch``."""
    return f"{repo}/{environment}/{branch}"
