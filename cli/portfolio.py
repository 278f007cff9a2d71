"""``gt risk portfolio``"""

from cli.tree import Near, read_command

portfolio = Near("portfolio", help="Look at the portfolio.", no_args_is_help=True)
portfolio.add_command(read_command(("portfolio", "status")))
portfolio.add_command(read_command(("portfolio", "positions")))
portfolio.add_command(read_command(("portfolio", "exposure")))
portfolio.add_command(read_command(("portfolio", "risk")))
