"""The controller's offline stand-in: what may be asked while no service runs, from git and store alone."""

from functools import partial
from pathlib import Path

from controller.adapters.engines.gate import GateEngine
from controller.common import Common
from controller.control import ControllerControl
from controller.core.risk.levels import levels
from controller.core.risk.question import ASKED
from controller.errors import EngineUnavailable
from controller.home import Home
from controller.latch.permit import PermitFile
from controller.reconcile.analyst import question
from controller.reconcile.goal import GoalMaker, Memory
from controller.reconcile.publisher import load_last_known_good
from controller.reconcile.restore import restore
from controller.settings import Settings
from schemas.live import LiveState
from schemas.overview import Overview
from schemas.risk import Analysis

GATE_SECONDS = 0.5


def offline(settings: Settings, objects: Path | None = None) -> ControllerControl:
    """Control over git and store alone. Raises GtRiskError; changes nothing but what is landed through it.

    ``objects``: a folder of git objects that are read beside those of the config repo.
    """
    permit = PermitFile(str(Home(settings.home).permit_file))
    common = Common(settings, permit, objects)
    known = load_last_known_good(common.home.policy)
    memory = restore(known, permit.last_verified, common.store, common.source, common.verifier)
    if memory.applied_desired is not None:
        common.desk.evidence.load(common.own(memory.applied_desired))
    maker = GoalMaker(common.store, common.desk, common.sectors, memory)
    return ControllerControl(
        common.control_parts(memory, maker), make_overview=lambda: _offline_overview(common, memory)
    )


def _offline_overview(common: Common, memory: Memory) -> Overview:
    """Git and store as they are, and the live book from the gate when it goes on without its controller."""
    live, error, analysis = _from_gate(common, memory)
    return Overview(
        pid=0,
        as_of_ns=common.clock.wall_ns(),
        revision=memory.revision,
        desired=memory.applied_desired,
        effective=memory.applied,
        live=live,
        live_error=error,
        halts=common.desk.open_halts(memory.applied_desired),
        peaks=dict(common.store.peaks()),
        decisions=tuple(common.store.decisions()),
        analysis=analysis,
    )


def _from_gate(common: Common, memory: Memory) -> tuple[LiveState | None, str, Analysis | None]:
    """Its reading, or why there is none, and what the past says of it."""
    from controller.core.risk.answer import answer

    engine = GateEngine(common.home.gate_socket, GATE_SECONDS)
    policy, desired = memory.applied, memory.applied_desired
    try:
        live = engine.read()
        if policy is None or desired is None:
            return live, "", None
        benchmark = desired.risk.account.benchmark
        found = answer(question(common.store, partial(engine.history, n=ASKED), live, policy, benchmark))
        near = levels(policy, live, common.store.peaks(), None, found.book.volatility_20 if found.book else None)
        return live, "", found.model_copy(update={"levels": near, "as_of_ns": common.clock.wall_ns()})
    except EngineUnavailable:
        return None, "service down", None
    finally:
        engine.close()
