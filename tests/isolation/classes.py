"""The classes of vulnerability that broke others (S01-S40), and where it is proved that they break us not."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Class:
    """One of them: its name, the tests of its own elsewhere, or why it does not apply."""

    name: str
    proofs: tuple[str, ...] = ()
    """`file::test`, beside those of `test_classes.py`; at least one of them all is named after it."""
    why_not: str = ""


HERE = "tests/isolation"
HOSTILE = "tests/browser/test_faults.py::test_a_hostile_answer_harms_nobody"
TOOLING, TURNS = "tests/agent/tooling", "tests/agent/sessions/turns"
CLASSES: dict[str, Class] = {
    "S01": Class("access by id", (f"{HERE}/test_routes.py::test_another_persons_things_do_not_exist",)),
    "S02": Class("a stream without its owner", (f"{HERE}/test_losing.py::test_a_stream_that_is_open_ends",)),
    "S03": Class("a child under another's parent", (f"{HERE}/matrix.py::foreign_child",)),
    "S04": Class(
        "a check with a generous branch", (f"{HERE}/test_weakened.py::test_a_check_that_is_gone_is_noticed",)
    ),
    "S05": Class(
        "a reader who writes through the socket",
        (f"{HERE}/test_events.py::test_an_event_reaches_nothing_of_another_person",),
    ),
    "S06": Class(
        "stale rights on sockets", (f"{HERE}/test_losing.py::test_s06_a_page_that_is_open_is_shut",)
    ),
    "S07": Class("a second way in", (f"{HERE}/test_routes.py::test_who_has_no_right_is_told_nothing",)),
    "S08": Class(
        "who one says one is", ("tests/app/test_places.py::test_only_what_a_listed_proxy_wrote_is_believed",)
    ),
    "S09": Class(
        "a check that is not mounted", (f"{HERE}/test_routes.py::test_every_route_is_in_the_matrix",)
    ),
    "S10": Class(
        "sign-ins that nothing ends", (f"{HERE}/test_losing.py::test_s10_a_cookie_is_refused_from_then_on",)
    ),
    "S11": Class(
        "scripts in what is shown",
        (
            HOSTILE,
            "tests/app/test_guard.py::test_the_policy_allows_the_pages_own_scripts_and_no_others",
        ),
    ),
    "S12": Class("answers that load things from afar", (HOSTILE,)),
    "S13": Class(
        "requests inwards: the address",
        (
            f"{TOOLING}/web/test_guard.py::test_what_is_not_of_the_public_internet_is_refused",
            f"{TOOLING}/web/test_guard.py::test_numbers_that_a_system_would_read_as_an_address_are_refused",
        ),
    ),
    "S14": Class(
        "requests inwards: redirects",
        (f"{TOOLING}/web/test_fetching.py::test_s14_a_redirect_to_a_name_that_leads_inside_is_refused",),
    ),
    "S15": Class(
        "requests inwards: fields with addresses",
        (
            (
                "tests/agent/providers/test_credentials.py"
                "::test_s15_no_field_of_a_person_says_where_a_credential_goes"
            ),
        ),
    ),
    "S16": Class(
        "paths out of the folder", (f"{TOOLING}/test_workspace.py::test_what_cannot_be_a_path_is_refused",)
    ),
    "S17": Class(
        "an error that ends the server",
        (f"{HERE}/test_bad_input.py::test_a_body_that_is_nonsense_is_refused",),
    ),
    "S18": Class("commands of a person's MCP server", why_not="there is no MCP; nobody sets a command"),
    "S19": Class(
        "a local server without a check",
        ("tests/app/test_guard.py::test_no_route_of_the_api_answers_a_stranger",),
    ),
    "S20": Class(
        "other sites: rebinding, sockets",
        ("tests/app/test_guard.py::test_a_foreign_host_is_refused_even_with_a_token",),
    ),
    "S21": Class(
        "injection into our own programs",
        (
            f"{TOOLING}/tools/test_grep.py::test_s21_an_option_is_only_a_pattern",
            "tests/escapes/test_host.py::test_s21_a_line_is_no_option_of_the_shell",
            "tests/escapes/test_host.py::test_s21_an_argument_is_no_option_of_the_sandbox",
        ),
    ),
    "S22": Class(
        "a parser that disagrees with the shell",
        (
            "tests/agent/core/shell/test_grammar.py::test_s22_whatever_bash_starts_was_seen",
            "tests/agent/core/shell/test_grammar.py::test_s22_what_is_not_surely_understood_has_no_commands",
        ),
    ),
    "S23": Class(
        "rules that let too much pass",
        (
            "tests/agent/core/test_rules.py::test_s23_a_rule_that_allows_a_part_allows_nothing",
            (
                "tests/agent/core/test_offers.py"
                "::test_s23_an_always_for_a_line_never_asks_again_and_lets_nothing_else_pass"
            ),
        ),
    ),
    "S24": Class(
        "something else is run than was allowed",
        (
            f"{TURNS}/test_approvals.py::test_s24_a_question_says_which_exact_call_it_is_about",
            f"{TURNS}/test_approvals.py::test_s24_another_definition_of_the_tool_makes_it_another_question",
        ),
    ),
    "S25": Class(
        "links and prefixes of paths",
        (
            f"{TOOLING}/test_workspace.py::test_s25_a_link_to_the_outside_is_refused",
            f"{TOOLING}/test_folder.py::test_s25_a_hard_link_to_another_users_file_is_refused",
            f"{TOOLING}/test_tooling.py::test_s25_a_deny_rule_reaches_the_file_behind_a_link",
            f"{TOOLING}/tools/test_grep.py::test_s25_no_race_shows_what_is_outside",
        ),
    ),
    "S26": Class(
        "a sandbox in which settings can be made",
        (f"{TOOLING}/sandbox/test_protecting.py::test_s26_what_tools_may_not_write_commands_may_not_either",),
    ),
    "S27": Class(
        "a repository that acts before it is trusted",
        (
            "tests/escapes/test_host.py::test_s27_no_variable_brings_code_along",
            "tests/escapes/test_host.py::test_s27_the_programs_of_a_workspace_are_not_taken_for_ours",
        ),
    ),
    "S28": Class(
        "a mode that forgets the rules",
        (
            "tests/agent/core/test_policy.py::test_s28_adding_a_deny_rule_never_lets_more_through",
            "tests/agent/core/test_policy.py::test_s28_what_may_be_a_denied_command_is_asked_about_in_every_mode",
        ),
    ),
    "S29": Class(
        "names of files that can be guessed",
        (f"{TOOLING}/sandbox/test_scratch.py::test_s29_a_folder_is_private_and_gone_afterwards",),
    ),
    "S30": Class("an address that asks by itself"),
    "S31": Class(
        "what is carried out by allowed ways",
        (
            "tests/escapes/test_attempts.py::test_s31_an_attempt_is_blocked",
            f"{TOOLING}/test_tooling.py::test_s31_a_tainted_session_asks_before_anything_leaves",
        ),
    ),
    "S32": Class(
        "tools that change under one's hands",
        (f"{TOOLING}/test_judging.py::test_s32_every_tool_has_a_hash_of_its_own_that_says_what_it_is",),
    ),
    "S33": Class(
        "a judge that can be argued with", why_not="no model judges; rules do, and what is unknown asks"
    ),
    "S34": Class(
        "injection through what is shared",
        why_not="nothing is shared: no prompts, skills or memory of others",
    ),
    "S35": Class(
        "neighbours in one container",
        (
            "tests/escapes/test_host.py::test_s35_a_neighbour_is_not_reached",
            f"{TOOLING}/test_programs.py::test_s35_it_reaches_no_network_and_no_files_of_others",
        ),
    ),
    "S36": Class(
        "keys that come out",
        (
            f"{HERE}/test_canary.py::test_no_answer_tells_a_secret",
            f"{HERE}/test_canary.py::test_no_log_has_a_secret",
            "tests/escapes/test_canary.py::test_the_secret_is_in_nothing_that_runs",
        ),
    ),
    "S37": Class("code from a provider in the browser", (HOSTILE,)),
    "S38": Class(
        "device codes that are fished for",
        (
            (
                "tests/app/api/test_devices.py"
                "::test_s38_the_page_names_client_place_and_scopes_before_anybody_answers"
            ),
            "tests/agent/accounts/test_devices.py::test_of_many_who_redeem_at_once_one_gets_the_token",
        ),
    ),
    "S39": Class("one guest for all", (f"{HERE}/test_routes.py::test_a_guests_things_do_not_exist",)),
    "S40": Class(
        "one person who uses up everything",
        (
            "tests/agent/sessions/test_quotas.py::test_s40_a_guest_has_one_turn_at_a_time",
            "tests/app/test_guests.py::test_s40_cookies_are_not_handed_out_without_end",
            "tests/agent/accounts/test_limiting.py::test_one_more_than_may_be_is_refused",
            "tests/app/test_connections.py::test_one_user_has_only_so_many_open_and_others_have_theirs",
            f"{TOOLING}/sandbox/test_running.py::test_limits_end_a_command",
        ),
    ),
}
