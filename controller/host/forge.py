"""What protects the target branch: the embedded bare repo's own rules, or those of a forge as its API tells them."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from controller.adapters.channels.references import resolve
from controller.adapters.forge import ForgeApi
from controller.core.change.protection import Told, github, gitlab
from controller.errors import GtRiskError
from controller.home import Home
from controller.host.finding import Finding
from controller.host.machine import run
from controller.settings import Settings, load

_DOCS = "docs/change-control.md, Branch protection"
_OWN = ("receive.denyDeletes", "receive.denyNonFastForwards", "receive.fsckObjects")


def findings(home: Home) -> Iterator[Finding]:
    """One line for what is well, one for each thing that is not so or that nobody tells."""
    try:
        settings = load({"GT_RISK_HOME": str(home.root)})
    except GtRiskError:
        return
    if not settings.source.remote:
        yield from _embedded(home.bare)
    elif not settings.forge.api:
        text = "nobody was asked what protects the branch at the remote: settings name no [forge]"
        yield Finding("branch", "warning", text, f"set api, project and token; see {_DOCS}")
    else:
        yield from _asked(settings)


def _embedded(bare: Path) -> Iterator[Finding]:
    """What git itself refuses before our hook judges."""
    if not bare.is_dir():
        return
    off = [
        key for key in _OWN if (run("git", "-C", str(bare), "config", "--type=bool", key)[0] or "").strip() != "true"
    ]
    for key in off:
        yield Finding("branch", "warning", f"{bare}: {key} is off", f"git -C {bare} config {key} true")
    if not off:
        yield Finding("branch", "ok", "the config repo judges every push itself")


def _asked(settings: Settings) -> Iterator[Finding]:
    try:
        told = list(_told(settings))
    except GtRiskError as error:
        yield Finding("branch", "warning", f"what protects the branch is n/a ({error.message})", error.hint or _DOCS)
        return
    lacking = [item for item in told if not item.holds]
    for item in lacking:
        text = "the forge does not tell, with this token" if item.holds is None else "not so"
        yield Finding("branch", "warning", f"{item.wanted}: {text}", f"set it at the forge; see {_DOCS}")
    if not lacking:
        yield Finding("branch", "ok", f"{settings.forge.api} protects {settings.pins.branch} as it should")


def _told(settings: Settings) -> list[Told]:
    """Raises GtRiskError: no token, no answer."""
    forge, branch = settings.forge, quote(settings.pins.branch, safe="")
    token = resolve(forge.token)
    if forge.kind == "gitlab":
        api, project = ForgeApi(forge.api, {"PRIVATE-TOKEN": token}), f"/projects/{quote(forge.project, safe='')}"
        protected = api.get(f"{project}/protected_branches/{branch}")
        return list(gitlab(protected, api.get(f"{project}/push_rule"), api.get(project) or None))
    api, project = ForgeApi(forge.api, {"Authorization": f"Bearer {token}"}), f"/repos/{quote(forge.project)}"
    protection = api.get(f"{project}/branches/{branch}/protection", hidden="Not Found")
    rules = api.get(f"{project}/rules/branches/{branch}", hidden="Not Found")
    return list(github(protection, rules if rules != {} else [], api.get(project) or None))
