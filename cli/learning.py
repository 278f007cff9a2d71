"""``gt risk learning``"""

from cli.consent import Options
from cli.landing import learning as landed
from cli.options import landing
from cli.tree import Near, read_command

learning = Near("learning", help="Follow and advance the learning phases.", no_args_is_help=True)
learning.add_command(read_command(("learning", "status")))
learning.add_command(read_command(("learning", "metrics")))
learning.add_command(read_command(("learning", "experiments")))
phase = Near("phase", help="Show, list and advance phases.", no_args_is_help=True)
phase.add_command(read_command(("learning", "phase", "show")))
phase.add_command(read_command(("learning", "phase", "history")))
learning.add_command(phase)


@phase.command()
@landing
def advance(options: Options) -> int:
    """Enter the next phase by a signed commit; what speaks against it is shown first."""
    return landed.advance(options)
