"""What ``--json`` prints, as models for the generated JSON Schemas alone: nothing imports them at run time."""

from schemas.documents import book, control
from schemas.scalars import Model

COMMANDS: dict[str, type[Model]] = {
    "status": book.StatusShort,
    "status -v": book.StatusLong,
    "limits list": book.LimitsList,
    "limits get": book.LimitsGet,
    "portfolio status": book.PortfolioStatus,
    "portfolio positions": book.PortfolioPositions,
    "portfolio exposure": book.PortfolioExposure,
    "portfolio risk": book.PortfolioRisk,
    "emergency status": book.EmergencyStatus,
    "strategy list": control.StrategyList,
    "strategy show": control.StrategyShow,
    "strategy metrics": control.StrategyMetrics,
    "config show": control.ConfigShow,
    "config plan": control.ConfigPlan,
    "config diff": control.ConfigDiff,
    "config verify": control.ConfigVerify,
    "audit log": control.AuditLog,
    "audit verify": control.AuditVerify,
    "health": control.Health,
    **dict.fromkeys(
        (
            "limits set",
            "limits reset",
            "strategy pause",
            "strategy resume",
            "strategy add",
            "config edit",
            "config rollback",
            "emergency resume",
        ),
        control.Landed,
    ),
}
"""The document of each command that has one here, by its words."""
