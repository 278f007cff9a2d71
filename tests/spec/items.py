"""What the specification names, section by section: each with the test that proves it (``path::function``), as a
number the issue that brings it, or a remark."""

Proof = str | int
ISSUES = {
    4: "GitOps that a team can trust",
    5: "the risk engine and the alerts",
    6: "the dashboard and the API",
    7: "A/B tests and the learning phases",
}
_READS = "tests/cli/test_golden_reads.py::test_"
_PORTFOLIO = "tests/cli/test_golden_portfolio.py::test_"
_RECORDS = "tests/cli/test_golden_records.py::test_"
_LEARNING = "tests/cli/test_golden_learning.py::test_"
_WRITES = "tests/cli/test_golden_writes.py::test_"
_THREAD = "tests/e2e/test_thread.py::test_"
_CONFIG = "tests/cli/test_config_changes.py::test_"
_FAST = "tests/cli/test_fast_path.py::test_"
_AUDIT = "tests/cli/test_audit_commands.py::test_"
_LIQUIDATION = "tests/e2e/test_liquidation_story.py::test_"
_DB = "tests/cli/test_db.py::test_"
_ALERTS = "tests/cli/test_alert_commands.py::test_"
_WORDS = "tests/cli/test_liquidation_words.py::test_"
_LIMIT_SET = f"{_THREAD}limit_when_set_by_command_or_by_plain_git_then_in_force"
_ACTS = "tests/web/controls/test_controls_story.py::test_"
_CONTRACT = "tests/cli/test_json_contract.py::test_"

SECTIONS: dict[str, dict[str, Proof]] = {
    "Commands (2.1)": {
        "`gt risk status`": f"{_READS}status_then_reads_as_the_spec",
        "`gt risk limits list`": f"{_READS}limits_list_then_reads_as_the_spec",
        "`gt risk limits get <limit-name>`": _LIMIT_SET,
        "`gt risk limits set <limit> <value>`": _LIMIT_SET,
        "`gt risk limits reset`": "tests/e2e/test_config_story.py::test_edit_rollback_and_reset_when_landed_then_each_is_in_force_and_stays_so",
        "`gt risk config show`": f"{_CONTRACT}config_show_json_when_served_then_names_clone_and_branch",
        "`gt risk config edit`": f"{_CONFIG}edit_when_saved_then_lands_what_changed_and_leaves_no_draft",
        "`gt risk config validate`": f"{_THREAD}commit_when_unsigned_or_invalid_then_refused_with_the_reason",
        "`gt risk config reload`": f"{_CONFIG}reload_when_in_force_then_named_and_exit_0",
        "`gt risk config history`": f"{_CONTRACT}json_when_served_then_one_document_with_ok",
        "`gt risk strategy list`": f"{_READS}strategy_list_then_reads_as_the_spec",
        "`gt risk strategy show <id>`": f"{_READS}strategy_show_then_reads_as_the_spec",
        "`gt risk strategy pause <id>`": "tests/cli/test_change.py::test_pause_when_there_is_no_terminal_then_acts_at_once",
        "`gt risk strategy resume <id>`": f"{_THREAD}strategy_when_halted_then_its_own_resume_clears_it",
        "`gt risk strategy halt <id>`": f"{_FAST}halt_strategy_when_known_by_id_or_uid_then_only_it",
        "`gt risk strategy metrics <id>`": f"{_READS}strategy_metrics_then_reads_as_its_neighbours",
        "`gt risk portfolio status`": f"{_PORTFOLIO}portfolio_status_then_reads_as_the_spec",
        "`gt risk portfolio positions`": f"{_PORTFOLIO}portfolio_positions_then_reads_as_the_spec",
        "`gt risk portfolio exposure`": f"{_PORTFOLIO}portfolio_exposure_then_reads_as_the_spec",
        "`gt risk portfolio risk`": f"{_PORTFOLIO}portfolio_risk_then_reads_as_its_neighbours",
        "`gt risk portfolio liquidate`": f"{_LIQUIDATION}portfolio_liquidate_when_confirmed_on_the_terminal_then_flat_paused_and_in_the_audit",
        "`gt risk learning status`": f"{_LEARNING}learning_status_then_reads_as_the_spec",
        "`gt risk learning phase show`": f"{_LEARNING}phase_show_then_reads_as_its_neighbours",
        "`gt risk learning phase advance`": f"{_LEARNING}phase_advance_when_declined_then_reads_as_the_spec_and_changes_nothing",
        "`gt risk learning phase history`": f"{_LEARNING}phase_history_then_one_line_a_phase",
        "`gt risk learning metrics`": f"{_LEARNING}learning_metrics_then_reads_as_the_spec",
        "`gt risk learning experiments`": "tests/cli/test_ab_test_words.py::test_learning_experiments_then_reads_as_the_spec",
        "`gt risk ab-test list`": "tests/cli/test_ab_test_words.py::test_list_then_reads_as_the_spec",
        "`gt risk ab-test create`": "tests/cli/test_ab_test_words.py::test_create_then_reads_as_the_spec_and_says_what_it_can_see",
        "`gt risk ab-test status <id>`": "tests/cli/test_ab_test_words.py::test_status_then_reads_as_the_spec",
        "`gt risk ab-test stop <id>`": "tests/e2e/test_ab_tests.py::test_test_when_created_then_both_variants_trade_and_a_stop_ends_it",
        "`gt risk ab-test analyze <id>`": "tests/cli/test_ab_test_words.py::test_analyze_then_reads_as_the_spec",
        "`gt risk emergency halt-all`": f"{_FAST}halt_all_when_no_terminal_then_acts_at_once_and_reads_as_the_spec",
        "`gt risk emergency halt-trading`": f"{_FAST}halt_trading_then_frozen_at_once_and_reads_as_the_spec",
        "`gt risk emergency liquidate-all`": f"{_WORDS}liquidate_all_then_reads_as_the_spec_and_signs_exactly_the_request",
        "`gt risk emergency pause-new-orders`": f"{_FAST}pause_new_orders_then_only_entries_are_held_back",
        "`gt risk emergency resume`": f"{_THREAD}halt_when_everything_is_killed_then_stays_until_a_person_resumes",
        "`gt risk alerts list`": f"{_RECORDS}alerts_list_then_reads_as_the_spec",
        "`gt risk alerts show <id>`": f"{_ALERTS}show_then_what_was_sent_of_it_and_what_the_server_said",
        "`gt risk alerts ack <id>`": f"{_ALERTS}commands_then_text_json_and_exit_codes",
        "`gt risk alerts config`": f"{_RECORDS}alerts_config_then_reads_as_the_spec",
        "`gt risk audit log`": f"{_RECORDS}audit_log_then_reads_as_the_spec",
        "`gt risk audit interventions`": f"{_RECORDS}audit_interventions_then_reads_as_the_spec",
        "`gt risk audit config-changes`": f"{_AUDIT}config_changes_when_git_has_commits_then_each_with_its_record",
        "`gt risk dashboard start`": "tests/web/pages/test_dashboard_command.py::test_start_then_the_screen_of_the_spec_an_address_and_a_quick_end",
        "`gt risk dashboard url`": "tests/web/pages/test_dashboard_command.py::test_url_when_nothing_runs_then_says_how_to_start",
    },
    "Sample outputs, whole (2.2)": {
        **{
            f"`{words}`": f"{file}{words.replace(' ', '_')}_then_reads_as_the_spec"
            for file, commands in (
                (_READS, ("status", "limits list", "strategy list", "strategy show")),
                (_PORTFOLIO, ("portfolio status", "portfolio positions", "portfolio exposure")),
                (_RECORDS, ("audit log", "audit interventions")),
            )
            for words in commands
        },
        **{
            f"`{words}`": f"{_WRITES}{words.replace(' ', '_')}_then_reads_as_the_spec"
            for words in (
                "limits set",
                "strategy pause",
                "emergency resume",
            )
        },
        "`strategy halt`, `emergency halt-all`": f"{_WRITES}halt_then_reads_as_the_spec",
        "`emergency halt-trading`": f"{_FAST}halt_trading_then_frozen_at_once_and_reads_as_the_spec",
        "`portfolio liquidate`": f"{_WORDS}portfolio_liquidate_then_reads_as_the_spec",
        "`emergency liquidate-all`": f"{_WORDS}liquidate_all_then_reads_as_the_spec_and_signs_exactly_the_request",
    },
    "Flags (2.2)": {
        "`status --json`": f"{_CONTRACT}status_json_when_served_then_carries_what_scripts_rely_on",
        "`status --watch`, `-w`": "tests/cli/test_watch.py::test_watch_on_a_terminal_when_stopped_then_the_first_screen_and_the_cursor_are_back",
        "`status --verbose`, `-v`": "tests/cli/test_read_states.py::test_detail_when_the_engine_is_silent_then_limits_have_no_use_and_the_gate_is_not_known",
        "`limits set --force`, `-f`": "tests/cli/test_change.py::test_set_when_forced_then_signs_lands_and_says_what_is_in_force",
        "`limits set --dry-run`": "tests/cli/test_change.py::test_set_when_dry_run_then_prints_the_plan_and_changes_nothing",
        "`audit log` filters by type, user, level": f"{_AUDIT}log_when_filtered_by_time_and_type_then_only_those",
        "`learning phase advance --force`": f"{_LEARNING}phase_advance_when_forced_then_reason_and_what_spoke_against_it_are_asked_for",
        "`ab-test create --strategy --name --variant-a --variant-b --duration --traffic-split`": "tests/e2e/test_ab_tests.py::test_test_when_created_then_both_variants_trade_and_a_stop_ends_it",
        "`dashboard start --port --open --read-only`": "tests/web/pages/test_dashboard_command.py::test_start_when_it_would_be_open_or_useless_then_refused_with_the_way_on",
    },
    "Installation, monitoring, recovery (10.2–10.4)": {
        "`gt risk init`": f"{_THREAD}home_when_running_then_closed_to_others",
        "`gt risk service start`": f"{_THREAD}controller_when_killed_then_the_gate_goes_on_and_start_brings_it_back",
        "`gt risk service status`": f"{_THREAD}book_when_started_then_moves_and_status_says_so",
        "`gt risk doctor`": "tests/e2e/test_closed_home.py::test_doctor_when_paths_were_opened_then_fix_closes_them_and_dry_run_only_says_so",
        "`gt risk doctor --verify-data`": "tests/e2e/test_verify_data.py::test_verify_when_a_fault_is_planted_then_found_under_its_name",
        "`gt risk health`": "tests/cli/test_health_command.py::test_health_when_all_is_well_then_every_component_is_ok",
        "`gt risk db ping`": f"{_DB}ping_when_the_store_answers_then_says_how_fast",
        "`gt risk db restore --date`": "tests/e2e/test_backup_story.py::test_a_large_change_waits_for_a_backup_and_a_restore_brings_yesterday_but_no_halt_back",
        "`gt risk config rollback --commit`": "tests/e2e/test_config_story.py::test_rollback_when_the_book_is_halted_then_the_halt_stays",
        "daily backup, snapshot before major changes": "tests/e2e/test_backup_story.py::test_a_large_change_waits_for_a_backup_and_a_restore_brings_yesterday_but_no_halt_back",
        "config corruption during a reload": "tests/e2e/test_closed_home.py::test_config_when_the_branch_is_damaged_during_a_reload_then_last_known_good_stays",
        "database failure during an emergency halt (9.5)": "tests/crash/test_halt_when_down.py::test_halt_when_the_store_is_destroyed_then_in_force_durable_and_there_after_everything_died",
        "`curl http://localhost:8080/health`": "tests/web/test_web_api.py::test_health_when_a_source_is_not_fresh_then_503_and_which",
        "continuous WAL archiving": "with PostgreSQL, on the road behind issue 7",
    },
    "Configuration management (5.2, 5.3, 8.3)": {
        "validation before a reload, all mistakes at once": "tests/controller/test_review_workflows.py::test_review_when_a_document_has_mistakes_then_the_step_fails_with_file_and_line",
        "gradual rollout option for sensitive changes": "tests/controller/reconcile/test_staged_changes.py::test_rollout_when_it_goes_well_then_one_strategy_then_all",
        "rollback when a change proves bad": "tests/controller/reconcile/test_staged_changes.py::test_rollout_when_equity_falls_then_all_of_it_is_taken_back_and_remembered",
        "easy rollback to previous versions": "tests/e2e/test_change_page.py::test_page_when_its_commands_are_run_in_order_then_each_does_what_it_says",
        "commit signing: required": f"{_THREAD}commit_when_unsigned_or_invalid_then_refused_with_the_reason",
        "branch protection: enabled on main": "tests/e2e/test_change_page.py::test_bare_repo_when_pushed_to_against_its_rules_then_refused_with_the_reason",
    },
    "Files (4.2, 5.1, 8.3, appendices C–E)": {
        "`risk_config.yaml`": "tests/schemas/test_schema_agreement.py::test_document_when_valid_then_both_accept",
        "`risk_alerts.yaml` (schema; alerts act with their issue)": "tests/schemas/test_schema_agreement.py::test_document_when_valid_then_both_accept",
        "`strategies/<id>.yaml`": "tests/cli/test_config_changes.py::test_add_when_asked_then_the_template_with_a_fresh_uid",
        "`ab_tests/<id>.yaml` (schema; tests run with their issue)": "tests/schemas/test_schema_agreement.py::test_document_when_valid_then_both_accept",
        "`history/` (git history instead)": f"{_AUDIT}config_changes_when_git_has_commits_then_each_with_its_record",
        "the commit message of 5.3 with `Audit-Id`": "tests/cli/test_change.py::test_set_when_forced_then_signs_lands_and_says_what_is_in_force",
        "config files 0600, audit 0600, keys 0400": "tests/e2e/test_closed_home.py::test_home_when_used_under_a_careless_umask_then_every_mode_is_closed",
        "templates `*.template.yaml`": "tests/controller/core/desired/test_template.py::test_template_when_yaml_then_names_its_schema",
        "`docs/database/schema.md` and the picture of it": "tests/controller/adapters/store/test_sql_store.py::test_schema_document_then_up_to_date",
        "`docs/api/openapi.yaml`": "tests/web/test_web_api.py::test_openapi_then_every_schema_is_valid_and_docs_name_every_path",
        "man pages (11.1)": "tests/cli/test_reference.py::test_man_page_when_set_by_groff_then_no_complaint",
    },
    "Alerts (4)": {
        "levels and channels": "tests/e2e/test_alerts_page.py::test_page_when_followed_then_inbox_and_webhook_have_the_halt",
        "rules of 4.3": "tests/controller/core/alerts/test_alert_facts.py::test_decisions_then_denied_warned_and_reduced_are_told_and_halts_are_not",
        "rate limits, cooldown, quiet hours": "tests/controller/core/alerts/test_alert_judge.py::test_critical_when_it_opens_then_pushed_at_once_whatever_the_hour_and_the_rate",
        "service down (10.3)": "tests/e2e/test_alerts_page.py::test_watchdog_when_the_service_is_killed_then_it_tells_by_the_same_channels",
    },
    "Pages (3.2, appendix B)": {
        page: "tests/browser/test_every_page.py::test_page_renders_fits_and_nothing_complains"
        for page in (
            "/",
            "/portfolio",
            "/portfolio/positions",
            "/portfolio/exposure",
            "/risk",
            "/strategies",
            "/strategies/:id",
            "/learning",
            "/learning/experiments",
            "/ab-tests",
            "/ab-tests/:id",
            "/alerts",
            "/audit",
            "/config",
            "/emergency",
        )
    },
    "Endpoints (6.2)": {
        **{
            f"`{endpoint}`": "tests/web/test_web_server.py::test_storm_when_the_dashboard_is_killed_then_nothing_is_lost_and_nothing_comes_twice"
            if "stream" in endpoint
            else "tests/web/test_web_api.py::test_read_then_the_document_of_the_command"
            for endpoint in (
                "GET /api/portfolio/status",
                "GET /api/portfolio/positions",
                "GET /api/portfolio/exposure",
                "GET /api/portfolio/risk",
                "GET /api/strategies",
                "GET /api/strategies/{id}",
                "GET /api/strategies/{id}/metrics",
                "GET /api/learning/status",
                "GET /api/learning/experiments",
                "GET /api/ab-tests",
                "GET /api/ab-tests/{id}",
                "GET /api/alerts",
                "GET /api/audit/log",
                "GET /api/config",
                "WS /api/stream",
            )
        },
        **{
            f"`POST /api{path}`": f"{_ACTS}{name}"
            for path, name in {
                "/strategies/{id}/pause": "pause_when_confirmed_then_in_force_by_a_commit_of_the_web_key_with_the_person_as_author",
                "/strategies/{id}/resume": "strategy_when_halted_then_its_resume_takes_a_note_and_a_persons_signature",
                "/strategies/{id}/halt": "halt_when_a_program_with_a_reading_key_asks_then_halted",
                "/emergency/halt-all": "halt_when_raised_then_in_force_at_once_in_the_persons_name",
                "/emergency/halt-trading": "halt_when_by_the_form_without_scripts_then_two_pages",
                "/emergency/liquidate": "liquidation_when_confirmed_then_halted_and_not_one_order_sent",
                "/emergency/resume": "resume_when_asked_for_then_waits_for_a_person_who_signs",
                "/config/update": "limit_when_lowered_then_at_once_and_when_raised_then_only_asked_for",
                "/config/reload": "reload_when_asked_for_then_what_is_in_force_is_told",
                "/alerts/{id}/ack": "alert_when_acknowledged_then_by_the_person_who_did",
            }.items()
        },
    },
    "Targets (7, 8)": {
        "CLI reads and writes (7.1), printed by `make bench`": "tests/bench/test_bench_smoke.py::test_bench_when_run_quickly_then_every_row_has_positive_figures",
        "emergency halt < 50 / 100 ms, printed by `make bench`": "tests/bench/test_bench_smoke.py::test_bench_when_run_quickly_then_every_row_has_positive_figures",
        "destructive operations ask for their phrase, never scripted (8.2)": f"{_LIQUIDATION}liquidate_when_a_flag_should_answer_then_refused",
        "anyone may halt, with a reason (8.2)": f"{_FAST}halt_all_when_on_a_terminal_then_asks_its_phrase_and_the_reason_after",
        "commits must be signed (8.3)": f"{_THREAD}commit_when_unsigned_or_invalid_then_refused_with_the_reason",
        "branch protection on the forge (8.3)": "tests/controller/host/test_forge.py::test_forge_when_nothing_is_set_then_each_thing_is_named",
        "dashboard and API latency (7.1), printed by `make bench`": "tests/bench/test_bench_smoke.py::test_bench_when_run_quickly_then_every_row_has_positive_figures",
        "100+ dashboard users, broadcast to 50 (9.4), printed by `make bench`": "tests/bench/test_bench_smoke.py::test_bench_when_run_quickly_then_every_row_has_positive_figures",
        "1,000 orders a minute (9.4), printed by `make bench`": "tests/bench/test_bench_smoke.py::test_bench_when_run_quickly_then_every_row_has_positive_figures",
    },
}
