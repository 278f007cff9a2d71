"""Composition root: the only place that knows every part. Imports stand in the functions that need them,
so that gate and runner stay light and a controller enforces halts before it loads anything heavy.
"""

import gc
import json
import logging
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from controller.errors import GtRiskError, LeaseLost, SettingsError
from controller.home import Home
from controller.settings import Settings, load

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from controller.alert_ports import AlertStore
    from controller.alerts.watchdog import Told
    from controller.control import ControllerControl
    from controller.host.backup_keeper import BackupKeeper
    from controller.host.supervisor import Supervisor
    from controller.reconcile.boot import Booted
    from controller.service import Controller
    from schemas.alerts import Alerts

    Method = Callable[[Mapping[str, Any]], dict[str, Any]]

RUNNING = 3
LEASE_LOST = 4
_log = logging.getLogger(__name__)


def run_controller(home: Path) -> int:
    """Run the controller until SIGTERM: 0; 3 when another one runs; 4 when another one took over; 1 when it cannot
    start: then halts and the last-known-good of the light boot stay in force, reducing only."""
    from controller.host import logs, pidfile
    from controller.host.supervisor import Supervisor
    from controller.latch.layout import LatchError, LeaseHeld
    from controller.reconcile.boot import boot

    settings = load({**os.environ, "GT_RISK_HOME": str(home)})
    logs.configure("controller", settings.log_level)
    place = Home(settings.home)
    place.run.mkdir(mode=0o700, parents=True, exist_ok=True)
    if pidfile.hold(place.run / "controller.pid") is None:
        sys.stderr.write("another controller runs; see: gt-risk service status\n")
        return RUNNING
    try:
        booted = boot(place, settings.pins.repo, settings.pins.environment)
    except LeaseHeld as error:
        sys.stderr.write(f"{error}; see: gt-risk service status\n")
        return RUNNING
    except (LatchError, OSError) as error:
        sys.stderr.write(f"{error}; see: gt-risk doctor\n")
        return 1
    try:
        return _run_booted(settings, booted, Supervisor(place))
    except GtRiskError as error:
        _log.critical("%s; next: %s", error, error.hint or "gt-risk doctor")
        sys.stderr.write(f"{error}; next: {error.hint or 'gt-risk doctor'}\n")
        return LEASE_LOST if isinstance(error, LeaseLost) else 1


def _run_booted(settings: Settings, booted: "Booted", supervisor: "Supervisor") -> int:
    """The gate first, it needs no more than a policy; then everything heavy; the strategies when that is loaded.

    The collector rests while hundreds of modules are made, which last, and need not look at them again.
    """
    from controller.host.backup_keeper import BackupKeeper

    gc.disable()
    if booted.known_good is not None:
        supervisor.start(("gate",))
    backups = BackupKeeper(booted.home, settings.backup)
    controller = build_controller(settings, booted, supervisor, backups.missing)
    backups.done = lambda: controller.control.wake("a backup was made")
    if booted.known_good is None:
        controller.publish_first()
    supervisor.start(_supervised(settings))
    gc.freeze()
    gc.enable()
    return _serve(controller, supervisor.hold, backups)


def _supervised(settings: Settings) -> tuple[str, ...]:
    """Gate and runner, and what the settings add; what tells of an earlier one of those is removed."""
    from controller.host.supervisor import DASHBOARD, HOOKS, SUPERVISED, pid_file

    wanted = {HOOKS: settings.hooks.secret_file, DASHBOARD: settings.dashboard.listen}
    for name in (name for name, setting in wanted.items() if not setting):
        pid_file(Home(settings.home), name).unlink(missing_ok=True)
    return (*SUPERVISED, *(name for name, setting in wanted.items() if setting))


def _serve(controller: "Controller", hold: "Callable[[], None]", backups: "BackupKeeper") -> int:
    from controller.alerting import Alerting
    from controller.rpc import alerts, dashboard, health, liquidation, picture, pushes, series
    from controller.rpc.server import serve_rpc

    control, settings = controller.control, controller.settings
    alerting = Alerting(control, controller.home, controller.picture.changed, controller.timings.delivered)
    raising = alerting.service()
    more = {
        **alerts.methods(control, settings, alerting.desk, alerting.feed),
        **health.methods(control, alerting.desk, controller.timings.samples),
        **liquidation.methods(control, settings, controller.liquidations, controller.exits),
        **pushes.methods(settings, controller.store, controller.clock),
        **dashboard.methods(controller.store, controller.clock, settings.operator_name),
        **series.methods(control, controller.store, controller.engine, controller.clock),
        **picture.methods(controller.picture),
    }
    server = serve_rpc(control, settings, hold, more)
    server.noted = alerting.traffic.note
    raising.start()
    backups.start()
    try:
        controller.run()
    finally:
        server.stop()
        backups.stop()
        raising.stop()
        controller.close()
    return 0


def build_controller(
    settings: Settings, booted: "Booted", supervisor: "Supervisor", unsaved: "Callable[[str], str]"
) -> "Controller":
    """Everything heavy, wired around the light boot; an older home is migrated first.

    While store or journal cannot be used it tries again, and the strategies run and may reduce. ``unsaved``: as for
    :class:`controller.reconcile.goal.GoalMaker`. Raises SettingsError.
    """
    from controller.host.versions import migrate
    from controller.rpc.starting import Starting
    from controller.service import Controller

    def failed() -> None:
        gc.enable()
        if booted.known_good is not None:
            supervisor.start()

    starting = Starting(booted.home.controller_socket, failed)
    try:
        starting.until(lambda: migrate(booted.home, "controller"))
        controller = starting.until(lambda: Controller(settings, booted, unsaved))
        starting.until(controller.settle)
    finally:
        starting.close()
    return controller


def run_gate(home: Path, after: int | None = None) -> int:
    """Run the gate until SIGTERM; 3 when another gate runs.

    ``after``: it was started beside a controller and loads meanwhile; it reads nothing of latch and permit and answers
    nobody before that one's light boot has named a policy above this version. 1 when that does not happen.
    """
    from controller.host import pidfile

    place = Home(home)
    if pidfile.hold(place.run / "gate.pid") is None:
        sys.stderr.write("another gate runs; see: gt-risk service status\n")
        return RUNNING
    from controller.adapters.venues.paper import open_venue
    from controller.gate.service import GateService, boot_seen, stop_on_signals
    from controller.reconcile.boot import book16

    settings = load({**os.environ, "GT_RISK_HOME": str(home)})
    stop = stop_on_signals()
    venue = open_venue(settings.paper, settings.data_dir, place.engine, initial_cash(place.policy))
    if after is not None and not boot_seen(place.raise_file, place.permit_file, after, stop):
        venue.close()
        return 0 if stop.is_set() else 1
    service = GateService(
        venue,
        raise_path=place.raise_file,
        permit_path=place.permit_file,
        policy_dir=place.policy,
        socket_path=place.gate_socket,
        environment=settings.pins.environment,
        book16=book16(settings.pins.repo),
    )
    service.serve(stop)
    return 0


def initial_cash(policies: Path) -> int:
    """``account.initial_capital`` of the newest published policy, micro-dollars. Raises SettingsError without one."""
    found = sorted((path for path in policies.glob("*.json") if path.stem.isdigit()), key=lambda path: int(path.stem))
    if not found:
        raise SettingsError(f"{policies}: no policy was ever published", "gt-risk service start")
    document = json.loads(found[-1].read_text())
    return int(document["policies"][-1]["limits"]["account.initial_capital"])


def run_hooks(home: Path) -> int:
    """Become the webhook's own process."""
    return _become(home, "hooks", "web.hooks")


def run_dashboard(home: Path) -> int:
    """Become the dashboard's own process."""
    dashboard = load({**os.environ, "GT_RISK_HOME": str(home)}).dashboard
    host, _, port = dashboard.listen.rpartition(":")
    controls = ["--controls"] if dashboard.controls else []
    return _become(home, "dashboard", "web", "--home", str(home), "--host", host, "--port", port, *controls)


def _become(home: Path, service: str, module: str, *arguments: str) -> int:
    """Go on as ``python -m module``, which holds the pid lock on; 3 when another one runs."""
    from controller.host import pidfile
    from controller.host.supervisor import pid_file

    held = pidfile.hold(pid_file(Home(home), service))
    if held is None:
        sys.stderr.write(f"another {service} process runs; see: gt-risk service status\n")
        return RUNNING
    os.set_inheritable(held, True)
    return os.execv(sys.executable, [sys.executable, "-P", "-m", module, *arguments])


def run_runner(home: Path) -> int:
    """Run the strategy runner until SIGTERM."""
    from controller.host import pidfile
    from controller.runner.main import run

    settings = load({**os.environ, "GT_RISK_HOME": str(home)})
    place = Home(settings.home)
    if pidfile.hold(place.run / "runner.pid") is None:
        sys.stderr.write("another runner runs; see: gt-risk service status\n")
        return RUNNING
    run(place.gate_socket, settings.data_dir)
    return 0


def run_quant(_: Path) -> int:
    """Compute figures of risk and return for the controller that started this process, until it is gone."""
    from controller.quant.main import run

    return run()


def offline_control(home: Path, objects: Path | None = None) -> "ControllerControl":
    """Control without a running controller: git and store as they are, no live book. Raises GtRiskError.

    ``objects``: a folder of git objects that are read beside those of the config repo.
    """
    from controller.offline import offline

    return offline(load({**os.environ, "GT_RISK_HOME": str(home)}), objects)


def offline_alerts(control: "ControllerControl", settings: Settings) -> "dict[str, Method]":
    """The methods of the alerts on :func:`offline_control`; what people do with them needs no running controller."""
    from controller.alerting import Alerting
    from controller.rpc import alerts, health

    alerting = Alerting(control, Home(settings.home))
    desk = alerting.desk
    return {**alerts.methods(control, settings, desk, alerting.feed), **health.methods(control, desk)}


def offline_dashboard(control: "ControllerControl", settings: Settings) -> "dict[str, Method]":
    """The method that records what people do with users and keys, on :func:`offline_control`."""
    from controller.rpc import dashboard

    return dashboard.methods(control.parts.store, control.parts.clock, settings.operator_name)


def tell_down(home: Path, down: "Sequence[str]") -> "Told":
    """Alert that ``down`` do not run, without a service: rules and channels are those that were in force last.

    With the store lost they come from git, and what was told is kept in ``run/``; with git lost too, the log has it.
    """
    from controller.adapters.channels.build import channels
    from controller.adapters.clock import SystemClock
    from controller.adapters.store.alert_memory import MemoryAlerts
    from controller.alerts.watchdog import recall, remember, watch
    from controller.core.alerts.quiet import zone_of

    place, clock, spare = Home(home), SystemClock(), MemoryAlerts()
    store, config, problem = _kept_alerts(place)
    if store is None:
        recall(spare, place.told_down, clock.wall_ns())
    made = channels(config.channels, place.logs, clock.wall_ns)
    told = watch(down, config, zone_of(config.quiet_hours.timezone), made, store, spare, clock)
    if store is None and not told.problems:
        remember(spare, place.told_down)
    return replace(told, store=problem or told.store)


def _kept_alerts(home: Home) -> "tuple[AlertStore | None, Alerts, str]":
    """The alerts' store (None: it cannot be used), their configuration in force, and what is wrong."""
    from controller.host.applied import last_applied
    from schemas.alerts import Alerts

    try:
        parts = offline_control(home.root).parts
        desired, store, problem = parts.memory.applied_desired, parts.alerts, ""
    except GtRiskError as error:
        store, problem = None, error.message
        try:
            desired = last_applied(home)
        except GtRiskError as worse:
            desired, problem = None, f"{problem}; the configuration in force cannot be read: {worse.message}"
    return store, desired.alerts.alerts if desired is not None else Alerts(), problem
