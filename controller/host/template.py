"""Where the template of a config repo is. Light."""

from pathlib import Path

import controller
from controller.errors import SettingsError


def template_root() -> Path:
    """Where the template is: ``desired-state/`` of the checkout, or its copy in an installed package."""
    top = Path(controller.__file__).parent.parent
    found = [top / "desired-state", top / "schemas" / "template"]
    for folder in found:
        if (folder / "risk_config.yaml").exists():
            return folder
    raise SettingsError(f"the template is missing at {found[0]}", "install gt-risk again")
