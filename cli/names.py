"""Arguments that name a limit or a strategy, with what the shell may complete them to."""

import click
from click.shell_completion import CompletionItem


class LimitName(click.ParamType[str]):
    """The name of a limit, as ``position.max_position_pct``; whether it exists is for the service to say."""

    name = "limit"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG002  # click's signature
        """Every limit of the table that begins so, with its meaning."""
        from schemas.limits import LIMITS

        return [CompletionItem(limit.name, help=limit.doc) for limit in LIMITS if limit.name.startswith(incomplete)]


class StrategyName(click.ParamType[str]):
    """The id of a strategy; whether it exists is for the service to say."""

    name = "strategy"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG002  # click's signature
        """The ids that the newest policy of this home knows and that begin so."""
        from cli.remote import home
        from controller.strategies import strategies

        return [CompletionItem(found) for found in strategies(home()).values() if found.startswith(incomplete)]


LIMIT = LimitName()
STRATEGY = StrategyName()
