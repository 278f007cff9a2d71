"""The ways that alerts go: log, e-mail, Slack, whatever Apprise knows."""
