"""Examples of each command, by its path: what ``--help``, the reference and the man pages show."""

EXAMPLES: dict[str, tuple[tuple[str, str], ...]] = {
    "status": (
        ("gt risk status", "the book, its risk and what is wrong, on one screen"),
        ("gt risk status --watch", "the same, again every two seconds"),
        ("gt risk status --json | jq .mode", "one figure for a script"),
    ),
    "limits list": (
        ("gt risk limits list", "every limit and its value in force"),
        ("gt risk limits list -v", "with what is used and left of each, and who set it in which commit"),
    ),
    "limits get": (("gt risk limits get position.max_position_pct", "one limit: value, meaning, default"),),
    "limits set": (
        ("gt risk limits set position.max_position_pct 20%", "show the plan, ask, sign, apply"),
        ("gt risk limits set position.max_position_pct 12% --dry-run", "show the plan and change nothing"),
        ('gt risk limits set order.max_per_minute 30 --force -r "busy open"', "without a question, with a reason"),
    ),
    "limits reset": (
        ("gt risk limits reset position.max_position_pct", "back to the template's value"),
        ("gt risk limits reset --all --dry-run", "how far the limits are from the template"),
    ),
    "ab-test list": (("gt risk ab-test list", "every test; a winner is named when it is decided, not before"),),
    "ab-test status": (("gt risk ab-test status test-20240119-exits", "both variants, metric by metric"),),
    "ab-test create": (
        (
            'gt risk ab-test create --strategy contrarian-swing --name "Later exits" --param-b gain_pct=10',
            "what it can see, then the test",
        ),
        ("gt risk ab-test create --from my-test.yaml --dry-run", "a whole document, and change nothing"),
    ),
    "ab-test stop": (('gt risk ab-test stop test-20240119-exits -r "rule changed"', "every new signal goes to A"),),
    "ab-test analyze": (
        ("gt risk ab-test analyze test-20240119-exits", "everything it found; asks to archive a decided one"),
    ),
    "ab-test rollout": (
        ("gt risk ab-test rollout test-20240119-exits", "the next step: 10, 25, 50 or 100 percent to B"),
        ("gt risk ab-test rollout test-20240119-exits --to 0", "back to A"),
    ),
    "config show": (("gt risk config show", "what is in force and where it is edited"),),
    "config edit": (
        ("gt risk config edit risk_config.yaml", "edit, check, sign and apply one document"),
        ("gt risk config edit", "every document, with $VISUAL or $EDITOR"),
    ),
    "config validate": (
        ("gt risk config validate", "every mistake of the clone, with file and line"),
        ("gt risk config validate --head HEAD", "every mistake of a commit, in any checkout"),
    ),
    "config plan": (
        ("gt risk config plan", "what the newest commit would change"),
        ("gt risk config plan --base origin/main --format markdown", "what this branch would, for a pull request"),
    ),
    "config diff": (
        ("gt risk config diff", "the clone as it lies there against what is in force, key by key"),
        ("gt risk config diff tip --text", "the newest commit, line by line"),
    ),
    "config verify": (
        ("gt risk config verify --explain", "what blocks a commit, and the cheapest way out"),
        ("gt risk config verify --base origin/main", "every commit of this branch, in any checkout"),
    ),
    "config reload": (("gt risk config reload", "look at git now and say what is in force"),),
    "config approve": (
        ("gt risk config approve", "sign what waits for your approval, after seeing it"),
        ("gt risk config approve 1a2b3c4", "the same, and only if that commit is still the tip"),
    ),
    "trust list": (("gt risk trust list", "signers with roles and fingerprints, and the rules"),),
    "trust check": (
        ("gt risk trust check risk_config.yaml --field position.max_position_pct", "who may raise it, how many must"),
        ("gt risk trust check strategies/my.yaml --field status --direction tighten", "who may pause it"),
    ),
    "trust add": (
        ("gt risk trust add ben --key ben.pub --role risk-officer", "one key of one person"),
        ("gt risk trust add --from allowed_signers --role operator", "every key that git knows already"),
    ),
    "trust remove": (("gt risk trust remove ben", "every key of a person, from the next commit on"),),
    "trust repair": (
        (
            'gt risk trust repair trust.yaml --key one --key two --reason "the key of the only admin is lost"',
            "nobody can change trust.yaml any more: two keys and the settings of this machine do",
        ),
    ),
    "trust rotate": (("gt risk trust rotate ~/.ssh/new.pub", "the old key signs the last commit of its own"),),
    "config rollback": (
        ("gt risk config rollback --commit 1a2b3c4", "bring the documents of that commit back, as a new commit"),
    ),
    "config sign": (
        ("gt risk config sign", "what was asked for on the dashboard and waits for a signature"),
        ("gt risk config sign 3f9a2c1d", "show its plan, sign it with your own key, land it"),
        ("gt risk config sign 3f9a2c1d --discard", "it is not wanted"),
    ),
    "dashboard start": (
        ("gt risk dashboard start --open", "look at everything at http://localhost:8080"),
        ("gt risk dashboard start --controls --tls --host 0.0.0.0", "for people who log in, from other machines"),
    ),
    "dashboard url": (("gt risk dashboard url", "where a browser finds it"),),
    "dashboard user add": (
        ("gt risk dashboard user add ada --role operator", "asks for the password"),
        ("gt risk dashboard user add kim --role emergency --liquidate", "the grant comes on top of a role"),
    ),
    "dashboard user list": (("gt risk dashboard user list", "who may log in, and as what"),),
    "dashboard user disable": (("gt risk dashboard user disable ada", "shut out at once"),),
    "dashboard key create": (
        ("gt risk dashboard key create grafana --scope '/api/portfolio/*'", "a key that only reads, and only that"),
    ),
    "dashboard key list": (("gt risk dashboard key list", "every key, its scope and its end"),),
    "dashboard key revoke": (("gt risk dashboard key revoke 3f9a2c1d77b0", "worthless at once"),),
    "config history": (("gt risk config history", "who changed what, newest first"),),
    "strategy list": (("gt risk strategy list", "status, result and drawdown of each strategy"),),
    "strategy show": (("gt risk strategy show ml-momentum-v2", "one strategy: result, positions, orders"),),
    "strategy metrics": (("gt risk strategy metrics ml-momentum-v2", "its figures with their windows"),),
    "strategy add": (
        ("gt risk strategy add my-strategy", "write and commit a commented document, paused"),
        ("gt risk strategy add my-copy --from ml-momentum-v2", "the same from another strategy's document"),
    ),
    "strategy pause": (('gt risk strategy pause ml-momentum-v2 -r "earnings"', "only exits from here on"),),
    "strategy resume": (('gt risk strategy resume ml-momentum-v2 -r "signals checked"', "let it trade again"),),
    "strategy halt": (("gt risk strategy halt ml-momentum-v2", "stop it at once, past git"),),
    "portfolio status": (("gt risk portfolio status", "capital, positions, cash and risk"),),
    "portfolio positions": (("gt risk portfolio positions", "every position with its result"),),
    "portfolio exposure": (("gt risk portfolio exposure", "by sector, strategy and market cap"),),
    "portfolio risk": (("gt risk portfolio risk", "volatility, value at risk, beta, correlation"),),
    "portfolio close": (("gt risk portfolio close NVDA", "leave one position, by an order that only reduces"),),
    "portfolio stop": (("gt risk portfolio stop NVDA 480.00", "a stop order that only reduces"),),
    "portfolio liquidate": (("gt risk portfolio liquidate", "sell everything; asks for a phrase on the terminal"),),
    "emergency status": (("gt risk emergency status", "open halts and the mode"),),
    "emergency halt-all": (
        ("gt risk emergency halt-all", "halt every strategy; asks for a phrase on a terminal"),
        ('gt risk emergency halt-all --yes -r "bad prices"', "from a script: at once"),
    ),
    "emergency halt-trading": (("gt risk emergency halt-trading", "freeze: nothing trades, positions stay"),),
    "emergency pause-new-orders": (("gt risk emergency pause-new-orders", "only exits from here on"),),
    "emergency liquidate-all": (
        ("gt risk emergency liquidate-all", "halt everything and sell everything; asks for a phrase"),
    ),
    "emergency resume": (('gt risk emergency resume -r "prices are back"', "lift the halts that it lists"),),
    "learning status": (("gt risk learning status", "the phase, its goals, and how far each strategy is"),),
    "learning metrics": (("gt risk learning metrics", "what exploring has brought, and what it has cost"),),
    "learning experiments": (("gt risk learning experiments", "the A/B tests that run, and what they show so far"),),
    "learning phase show": (("gt risk learning phase show", "what this phase and the next allow"),),
    "learning phase history": (("gt risk learning phase history", "who entered which phase when, and why"),),
    "learning phase advance": (
        ("gt risk learning phase advance", "show what changes and what speaks against it, ask, sign, apply"),
        ('gt risk learning phase advance --force -r "three ready"', "despite warnings, without a question"),
    ),
    "alerts list": (
        ("gt risk alerts list", "what was raised in the last 24 hours"),
        ("gt risk alerts list --state open --level critical", "what somebody must look at now"),
        ("gt risk alerts list --since 7d --json | jq .levels", "how many of each level in a week"),
    ),
    "alerts show": (("gt risk alerts show 12", "one alert, and what was sent of it to whom"),),
    "alerts ack": (("gt risk alerts ack 12 13 -r 'broker called'", "seen: no more reminders"),),
    "alerts config": (
        ("gt risk alerts config", "channels, levels, rates and quiet hours in force"),
        ("gt risk alerts config --rules", "every rule: its level, its channels, what raises it"),
    ),
    "alerts silence": (
        ("gt risk alerts silence 12 --for 2h -r 'known, being mended'", "nothing more of this one for two hours"),
        ("gt risk alerts silence --rule drifted --for 1d -r migration", "nothing of one rule for a day"),
        ("gt risk alerts silence --end 3", "end it now"),
    ),
    "alerts test": (("gt risk alerts test email", "send a message now and say whether the server took it"),),
    "watchdog": (("gt risk watchdog", "for systemd or cron: alert people when the service is down"),),
    "audit log": (("gt risk audit log --since 2h --level error", "what went wrong lately"),),
    "audit verify": (("gt risk audit verify", "recompute the hash chain"),),
    "audit interventions": (("gt risk audit interventions", "what people did, with outcome and response time"),),
    "audit config-changes": (("gt risk audit config-changes", "every change of the configuration"),),
    "audit export": (("gt risk audit export --output audit.jsonl", "the whole log as JSON lines"),),
    "db ping": (("gt risk db ping", "does the store answer"),),
    "db status": (("gt risk db status", "schema, size, newest backup"),),
    "db migrate": (("gt risk db migrate", "bring the store to this release's schema, with a backup first"),),
    "db backup": (("gt risk db backup", "a verified backup now"),),
    "db restore": (("gt risk db restore --date 2026-01-18", "the last backup of that day"),),
    "service start": (
        ("gt risk service start", "start what is down and wait until it is ready"),
        ("gt risk service start --foreground", "stay, show what happens, end with Ctrl-C"),
    ),
    "service stop": (("gt risk service stop", "an orderly stop; open halts stay"),),
    "service status": (("gt risk service status", "which processes run"),),
    "service logs": (("gt risk service logs", "the newest log lines"),),
    "service install": (("gt risk service install --dry-run", "the systemd unit"),),
    "init": (("gt risk init", "a home in ~/.gt-risk, or in $GT_RISK_HOME"),),
    "doctor": (
        ("gt risk doctor", "what is wrong with this installation, and what to do"),
        ("gt risk doctor --fix --dry-run", "what --fix would repair"),
        ("gt risk doctor --verify-data", "audit, git, store, engine, latch and journal against one another"),
    ),
    "health": (
        ("gt risk health", "one line for each part"),
        ("gt risk health --metrics", "the same for Prometheus"),
    ),
    "completion": (
        ('eval "$(gt risk completion bash)"', "in ~/.bashrc"),
        ('eval "$(gt risk completion zsh)"', "in ~/.zshrc"),
        ("gt risk completion fish | source", "in config.fish"),
    ),
}
EXIT_CODES: tuple[tuple[int, str], ...] = (
    (0, "done, and in force"),
    (1, "error"),
    (2, "wrong usage"),
    (3, "attention: a halt is in force, a hard limit is crossed, another signer is needed, the service is down"),
    (4, "declined: nothing was changed"),
    (5, "only part of it took effect"),
)
