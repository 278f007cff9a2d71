"""``gt risk dashboard``"""

from cli.dashboard_users import key, user
from cli.tree import Near

dashboard = Near("dashboard", help="Pages and API of this installation, and who may use them.", no_args_is_help=True)
dashboard.add_command(user)
dashboard.add_command(key)
