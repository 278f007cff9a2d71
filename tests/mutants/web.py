# fmt: off
# ruff: noqa: E501  # one condition, one line
"""Conditions of the dashboard: who is let in, what acts, what is signed, each as in :mod:`tests.mutants.fence`."""

from tests.mutants.fence import edits
from tests.mutants.mutant import Mutant

ACCOUNTS = edits(
    ("test_accounts",),
    (
        ("web.security.accounts", "idle sessions end", " or now_ns >= seen_ns + IDLE_NS", ""),
        ("web.security.accounts", "sessions end after a day", "not made_ns <= now_ns < made_ns + LIFE_NS or ", ""),
        ("web.security.accounts", "a revoked key", "key.revoked or ", ""),
        ("web.security.accounts", "a key past its end", " or now_ns >= key.expires_ns", ""),
        ("web.security.accounts", "the secret of a key", "if not hmac.compare_digest(digest, _digest(secret)):", "if not rows:"),
        ("web.security.accounts", "a disabled user's password", " AND NOT disabled", ""),
        ("web.security.accounts", "others cannot read the file", "if mode & 0o077:", "if False:"),
    ),
)

GUARD = edits(
    ("test_guard",),
    (
        ("web.security.guard", "read-only is state", "if endpoint.kind is Kind.CONTROL and not self.options.controls:", "if False:"),
        ("web.security.guard", "login", "if not who.holds(Role.VIEWER):", "if False:"),
        ("web.security.guard", "only probes without a login", "return endpoint.kind is Kind.PROBE and not sent_on", "return not sent_on"),
        ("web.security.guard", "what a proxy sends on is from elsewhere", "Kind.PROBE and not sent_on and", "Kind.PROBE and"),
        ("web.security.guard", "only this machine without a login", " and request.remote_addr in LOOPBACK", ""),
        ("web.security.guard", "role", "    if not who.holds(endpoint.role):\n", "    if False:\n"),
        ("web.security.guard", "scope of a key", "    if not who.reaches(request.path):\n", "    if False:\n"),
        ("web.security.guard", "origin", "if foreign(request, ", "if False and foreign(request, "),
        ("web.security.guard", "token of the session", "if formal and not has_token(request, who.token):", "if False:"),
        ("web.security.guard", "networks", "if self._networks and not self._allowed(", "if False and not self._allowed("),
        ("web.security.guard", "rebound names", "if misaddressed(request, self.options):", "if False:"),
        ("web.security.guard", "rates", "if not self.rates.take(endpoint.rate, asker):", "if False:"),
        ("web.security.guard", "each asker's own bucket", 'f"{who.via} {who.name}"', "who.via"),
        ("web.security.origin", "same-site is not same-origin", 'return site != "same-origin"', 'return site == "cross-site"'),
        ("web.security.origin", "a form says where it comes from", "return browser if origin is None", "return False if origin is None"),
        ("web.security.room", "errors tell strangers nothing", "self.desk is None or me().holds(Role.VIEWER)", "True"),
    ),
)

LOGIN = edits(
    ("test_login",),
    (
        ("web.security.login", "guesses by name", "if not self.guard.rates.take_login(given.name):", "if False:"),
        ("web.security.login", "a login ends the session before", "        self.leave()\n        answer = make_response(redirect(_ours", "        answer = make_response(redirect(_ours"),
        ("web.security.login", "a login leads to our pages", "return path if plain else", "return path if path else"),
        ("web.security.passwords", "nobody has no password", "return same and kept is not None", "return same"),
        ("web.security.passwords", "short passwords", "if not SHORTEST <= len(password)", "if not 0 <= len(password)"),
    ),
)

ACTS = edits(
    ("test_acts", "test_nonces"),
    (
        ("web.controls.nonces", "once", "own.pop(nonce, None)", "own.get(nonce)"),
        ("web.controls.nonces", "for this act", " and found.act == act", ""),
        ("web.controls.nonces", "not for ever", " and self._clock() < found.until", ""),
        ("web.controls.nonces", "the same request again", "            if known.request != request:\n                raise Mismatch\n", ""),
        ("web.controls.routes", "confirmed", "        if digest is None:\n", "        if False:\n"),
        ("web.controls.routes", "the plan that was shown", "        if seen.digest != digest:\n", "        if False:\n"),
        ("web.controls.routes", "the phrase", "    if given.phrase != act.phrase:\n", "    if False:\n"),
        ("web.controls.changing", "documents that are not for the dashboard", "    if refusal(intent):\n", "    if False:\n"),
    ),
)

SIGNING = edits(
    ("test_signer_desk", "test_proposals", "test_tls"),
    (
        ("web.signer.desk", "only what tightens", 'if change["direction"] != "tighten":', "if False:"),
        ("web.signer.desk", "only listed documents", 'if change["path"] and not any(', "if False and not any("),
        ("web.signer.desk", "never nothing", "    if not changes:\n", "    if False:\n"),
        ("web.signer.desk", "only the fields of a request", "{name: request[name] for name in FIELDS}", "request"),
        ("controller.proposals", "kinds of a proposal", 'if intent.get("kind") not in KINDS:', "if False:"),
        ("controller.proposals", "who may do what is never proposed", "return f\"{barred[0]} is not changed from the dashboard\" if barred else \"\"", 'return ""'),
        ("controller.proposals", "an id is no path", "if not id or not _HEX.issuperset(id):", "if not id:"),
        ("web.security.tls", "bare beyond this machine", "if not options.loopback and not options.tls:", "if False:"),
        ("web.security.tls", "somebody can log in", "if needs_login(options) and not users:", "if False:"),
    ),
)

WEB: tuple[Mutant, ...] = (*ACCOUNTS, *GUARD, *LOGIN, *ACTS, *SIGNING)
