"""What the commands that land a commit do, without click: a plain line needs none."""
