"""Methods of A/B tests: what there is, where one stands, every look at it, what a new one could see."""

from collections.abc import Callable, Mapping
from typing import Any

from controller.core.desired.documents import parse
from controller.core.experiments.question import plan_of
from controller.core.plan.edits import BadArgument
from controller.core.plan.trial_intents import trial_named
from controller.errors import FiguresUnavailable, InvalidDesired, Temporary
from controller.ports import Control
from controller.runner.catalog import build
from controller.runner.strategy import BadParameter, NoData
from controller.settings import Settings
from controller.views import experiments as views
from controller.views import status
from schemas.experiments import ABTest
from schemas.overview import Overview

Params = Mapping[str, Any]
Document = dict[str, Any]


def methods(control: Control, settings: Settings) -> dict[str, Callable[[Params], Document]]:
    """The methods by name."""
    made = _Methods(control, settings.data_dir)
    return {
        "abtest.list": made.listing,
        "abtest.show": made.show,
        "abtest.analysis": made.analysis,
        "abtest.outlook": made.outlook,
        "learning.experiments": made.experiments,
    }


class _Methods:
    def __init__(self, control: Control, data_dir: str) -> None:
        self._control, self._data_dir = control, data_dir

    def listing(self, _: Params) -> Document:
        overview = self._control.overview()
        return {**status.header(overview), **views.listing(overview, self._control.tests.trials())}

    def experiments(self, _: Params) -> Document:
        overview = self._control.overview()
        return {**status.header(overview), **views.experiments(overview, self._control.tests.trials())}

    def show(self, params: Params) -> Document:
        overview, test = self._found(params)
        found = views.details(overview, test, self._control.tests.trials().get(test.id))
        return {**status.header(overview), "test": found}

    def analysis(self, params: Params) -> Document:
        overview, test = self._found(params)
        trial, looks = self._control.tests.trials().get(test.id), self._control.tests.looks(test.id)
        return {**status.header(overview), "test": views.analysis(overview, test, trial, looks)}

    def outlook(self, params: Params) -> Document:
        """What the test in ``text``, a document that is not there yet, could see.

        Raises InvalidDesired, and BadArgument for a parameter that its strategy does not have.
        """
        found = parse(f"ab_tests/{params['id']}.yaml", str(params["text"]).encode())
        test, overview = found.model, self._control.overview()
        if not isinstance(test, ABTest):
            raise InvalidDesired(found.problems)
        self._check(overview, test)
        try:
            seen, why = self._control.outlook(plan_of(test)), ""
        except FiguresUnavailable as error:
            seen, why = None, error.message
        return views.outlook(overview, test, seen, why)

    def _check(self, overview: Overview, test: ABTest) -> None:
        strategy = overview.desired.strategies.get(test.strategy) if overview.desired else None
        if strategy is None:
            return
        for arm, variant in (("A", test.variant_a), ("B", test.variant_b)):
            try:
                build(strategy.module, {**strategy.parameters, **variant.parameters}, self._data_dir)
            except NoData:
                continue
            except BadParameter as error:
                raise BadArgument(f"variant {arm}: {error}", f"gt risk strategy show {strategy.id}") from error

    def _found(self, params: Params) -> tuple[Overview, ABTest]:
        """Raises BadArgument for an unknown test."""
        overview = self._control.overview()
        if overview.desired is None:
            raise Temporary("no verified desired state yet", hint="gt risk status")
        return overview, trial_named(str(params["id"]), overview.desired)
