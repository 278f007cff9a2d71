"""Records and alerts, compared to the letter with the specification's samples."""

import pytest

from cli.render import alerts, audit
from tests.support.book import NOW
from tests.support.golden import ask


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time_ns", lambda: NOW)


LOG = """\
Audit Log (last 6 events):

Time                Event Type         User      Details
2026-01-19 10:23:45 halt.released      system    halt dddddddddddd
2026-01-19 10:13:45 emergency.halt_all operator  Reason: Market volatility check
2026-01-19 10:05:45 strategy.halt      system    Strategy: ml-sentiment-exp, Reason: 20% DD threshold
2026-01-19 09:45:12 config.change      operator  Limit: position.max_position_pct, 15% → 20%
2026-01-18 16:45:23 strategy.pause     operator  Strategy: contrarian-swing, Reason: Review signals
2026-01-15 09:00:00 strategy.halt      operator  Strategy: ml-sentiment-exp, Reason: poor performance

Filter by:
  Type:  [all|emergency|config|strategy|position]
  User:  [all|system|operator|<username>]
  Level: [all|info|warn|error|critical]"""


def test_audit_log_then_reads_as_the_spec() -> None:
    """Events of this release."""
    assert "\n".join(audit.log({**ask("audit.log"), "shown": 50})) == LOG


INTERVENTIONS = """\
Manual Interventions (last 30 days):

Date       User      Action                  Details                             Outcome
2026-01-19 operator  emergency.halt_all      Market volatility check             Resumed after 10m, 8m after the alert
2026-01-19 operator  config.change           position.max_position_pct 15% → 20% Applied successfully
2026-01-18 operator  strategy.pause          contrarian-swing Review signals     Still paused
2026-01-15 operator  strategy.halt           ml-sentiment-exp poor performance   Still halted

Total Interventions: 4
  Emergency Halts:   1
  Strategy Controls: 2
  Config Changes:    1

Average Response Time: 8 minutes (time from alert to intervention)"""


def test_audit_interventions_then_reads_as_the_spec() -> None:
    """The response time of each is ours; the sample has only their average."""
    assert "\n".join(audit.interventions({**ask("audit.interventions"), "days": 30})) == INTERVENTIONS


LIST = """\
Recent Alerts (last 24h):

Time      Level     Source              Message
10:23:45  CRITICAL  emergency           Full emergency halt triggered
10:05:45  ERROR     strategy            Strategy ml-sentiment-exp halted (20% DD)
09:45:12  WARN      concentration       Tech sector at 42% (threshold: 40%)
09:30:45  WARN      volatility          Portfolio vol at 23.4% (target: 20%)
08:15:23  INFO      soft-limit          Position size reduced (NVDA, high vol)
07:45:10  INFO      phase               Phase 1 day 18/30 checkpoint

Total: 47 alerts (1 critical, 2 error, 12 warn, 32 info)
Acknowledged: 45
Pending: 2"""


def test_alerts_list_then_reads_as_the_spec() -> None:
    """The strategy's halt is that of the sample's audit log; messages line up under their title."""
    assert "\n".join(alerts.listing({**ask("alerts.list", limit="6"), "recent": True})) == LIST


CONFIG = """\
Alert Configuration:

Channels:
  Dashboard:  ✓ Enabled (always on)
  Logs:       ✓ Enabled (JSON format)
  Email:      ✓ Enabled (operator@example.com)
  Slack:      ✗ Disabled

Alert Levels by Channel:
  Dashboard:  All levels (INFO, WARN, ERROR, CRITICAL)
  Logs:       All levels
  Email:      ERROR and CRITICAL only
  Slack:      N/A

Rate Limiting:
  Max per hour:     100 (any level)
  Max CRITICAL/h:   10
  Cooldown:         5m between duplicate alerts

Quiet Hours:
  Enabled:    ✓ Yes
  Window:     22:00 - 07:00 PST
  Behavior:   Buffer non-critical alerts, send in morning digest
  Override:   CRITICAL alerts always sent immediately"""


def test_alerts_config_then_reads_as_the_spec() -> None:
    """As the sample, to the letter."""
    assert "\n".join(alerts.config(ask("alerts.config"))) == CONFIG
