"""Strategy modules by name: what ``module`` in a strategy's document may say."""

from collections.abc import Mapping
from importlib import import_module

from controller.runner.strategy import BadParameter, Parameter, Strategy

MODULES = {
    "momentum": "Momentum",
    "value": "Value",
    "contrarian": "Contrarian",
    "disclosure": "Disclosure",
}


def build(module: str, parameters: Mapping[str, Parameter], data_dir: str) -> Strategy:
    """A fresh strategy; its module is imported only now. Raises BadParameter, NoData."""
    if module not in MODULES:
        raise BadParameter(f"module {module!r} is not known; known: {', '.join(MODULES)}")
    loaded = import_module(f"controller.runner.strategies.{module}")
    strategy: Strategy = getattr(loaded, MODULES[module])(parameters, data_dir)
    return strategy
