"""trust.yaml: who may change what, and which target the signed content is bound to (design section 3)."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from schemas.scalars import Line, Model, Percent, Version


class Role(StrEnum):
    """What a signer may do (design section 3, trust)."""

    ADMIN = "admin"
    RISK_OFFICER = "risk-officer"
    OPERATOR = "operator"
    EMERGENCY = "emergency"
    LIQUIDATE = "liquidate"
    OWNER = "owner"
    BOT = "bot"
    WEB = "web"
    FORGE = "forge"


class Target(Model):
    """What the signed content is bound to: a commit for paper cannot be replayed on live."""

    repo: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    environment: Literal["paper", "live"]
    branch: Line = "main"


class Signer(Model):
    """One key of one principal; several keys of a principal count as one person."""

    principal: Line
    key: Line = Field(description="OpenSSH public key line: type and base64, comment optional.")
    roles: Annotated[tuple[Role, ...], Field(min_length=1)]


class TrustRule(Model):
    """Who may change ``field`` of ``path`` in ``direction``; the first matching rule decides.

    ``signers`` is how many people a loosening takes before it acts, ``over_pct`` that one is enough for a number
    until it has moved by more than this share of the value that so many approved last.
    """

    path: Line = Field(description="Documents, fnmatch: risk_config.yaml, strategies/*.yaml.")
    field: Line = Field(
        default="*",
        description="Field of the document, fnmatch: position.max_position_pct, status, allocation_pct.",
    )
    direction: Literal["tighten", "loosen", "any"] = "any"
    roles: Annotated[tuple[Role, ...], Field(min_length=1)] = Field(
        description="Who may; owner is the principal that a strategy names as its owner."
    )
    signers: Annotated[int, Field(strict=True, ge=1, le=9)] = 1
    over_pct: Percent | None = None
    plan_digest: bool = Field(
        default=False, description="The loosening waits until a landing signature names the plan in Plan-Digest."
    )


class Trust(Model):
    """trust.yaml"""

    version: Version
    target: Target
    signers: Annotated[tuple[Signer, ...], Field(min_length=1)]
    rules: tuple[TrustRule, ...] = ()
