"""Which tests hold which row of the Phonevoice inventory. A row that nobody holds says why in MISSING."""

CONTRACT = "tests/contract/phonevoice/test_contract_{}.py::{}"


def _in(file: str, *names: str) -> list[str]:
    return [CONTRACT.format(file, name) for name in names]


def _flow(file: str, *names: str) -> list[str]:
    return [f"tests/flow/test_flow_{file}.py::{name}" for name in names]


BASE = _in("initiate", "test_the_base_url_and_the_headers_are_those_of_every_request")
WHOAMI = _in("account", "test_whoami_in_every_language_and_with_both_kinds_of_token")
AI_CALL = _in("initiate", "test_an_agents_call_is_started_in_every_language")
BRIDGE = _in("initiate", "test_a_bridge_is_started_in_every_language")
BLOCKS = _in("blocks", "test_the_blocks_are_the_documents_and_all_of_them", "test_every_block_is_run_by_a_test")
LINK = _in("embed", "test_a_softphones_link_in_every_language")
AGENTS_EVENTS = _in("events", "test_an_agents_call_tells_its_start_its_words_and_its_end_thrice")
ENDS = _in("events", "test_every_way_a_call_can_end_is_an_event_of_its_name")
COSTS = _in("events", "test_fifty_seconds_cost_what_the_document_prints")
IFRAME = _in("embed", "test_the_printed_page_script_and_iframe_line_open_softphone_and_player")
HOOKS = _in("webhooks", "test_a_webhook_is_made_in_every_language_and_its_secret_shown_once")
ENVELOPE = _in("webhooks", "test_a_delivery_is_the_printed_envelope")
VERIFIERS = _in("webhooks", "test_the_printed_verifiers_take_our_deliveries_and_refuse_what_was_tampered_with")
PYTHON_CABLE = _in("cable", "test_the_printed_python_client_and_the_npm_one_in_node_follow_a_call")
BROWSER_CABLE = _in("cable", "test_the_printed_browser_client_and_the_npm_ones_in_pages_follow_a_call")
RELAY = _in("relay", "test_a_number_is_searched_bought_and_forwarded_elsewhere", "test_in_every_language")
RELAYED = _flow("calls_relay", "test_a_call_rings_elsewhere_and_is_recorded_transcribed_judged_and_told")
PAUSED = _flow("calls_relay", "test_a_paused_number_says_so_rings_nobody_and_tells_of_no_message")
NOBODY = _in("principals", "test_who_has_no_token_of_the_api_is_refused_on_every_route")
STRANGER = _in("principals", "test_who_has_a_token_of_somebody_else_reaches_nothing_of_this_project")
ENDPOINTS = _flow("webhooks", "test_an_endpoint_is_listed_changed_tested_rotated_and_deleted")
KEPT = _flow("calls_orders", "test_what_is_kept_is_the_orders_then_the_agents_then_nothing_and_of_a_bridge_all")
SHOWN = _flow("calls_orders", "test_a_call_shows_the_projects_number")
PEOPLE = "tests/flow/test_flow_calls_people.py::{}"
LIVE = "tests/flow/test_flow_calls_live.py::{}"

ROWS: dict[str, list[str]] = {
    "P-001": _flow("docs", "test_every_page_is_there_in_both_languages_and_every_link_leads_somewhere"),
    "P-002": _flow("openapi", "test_every_operation_answers_as_the_document_says"),
    "P-003": BASE,
    "P-004": BASE,
    "P-005": BASE,
    "P-006": WHOAMI + _flow("identity", "test_sign_up_confirm_and_whoami"),
    "P-007": BLOCKS,
    "P-008": STRANGER
    + _flow("calls_api", "test_a_projects_token_sees_that_projects_calls_only")
    + _flow("calls_orders", "test_an_agent_of_one_project_is_nobodys_elsewhere"),
    "P-009": _flow("console", "test_a_token_is_shown_once_rotated_with_an_overlap_and_revoked"),
    "P-010": _flow("calls_api", "test_who_may_order_and_see_calls"),
    "P-011": _flow("identity", "test_sign_up_confirm_and_whoami", "test_wrong_confirmations"),
    "P-012": _flow("identity", "test_the_user_token_works_in_the_header_and_in_both_query_forms"),
    "P-013": NOBODY + _in("account", "test_a_wrong_token_is_refused_in_words"),
    "P-014": _flow("openapi", "test_every_operation_answers_as_the_document_says"),
    "P-015": NOBODY,
    "P-016": STRANGER,
    "P-017": _flow("calls_api", "test_who_may_order_and_see_calls"),
    "P-018": _flow("calls_api", "test_what_is_wrong_with_an_order_is_named"),
    "P-020": AI_CALL + BRIDGE,
    "P-021": AI_CALL,
    "P-022": _flow("calls_api", "test_agents_and_calls_are_listed_as_the_document_and_the_path_say"),
    "P-023": [LIVE.format("test_hanging_up_by_the_api_ends_it_for_everybody_and_again_changes_nothing")],
    "P-024": [PEOPLE.format("test_a_supervisors_telephone_hears_everybody_and_is_never_heard")],
    "P-025": LINK,
    "P-026": IFRAME,
    "P-027": AI_CALL + _flow("calls_orders", "test_an_agent_is_named_by_id_uid_or_slug_and_has_to_be_ones_own"),
    "P-028": AI_CALL + _flow("calls_api", "test_what_is_wrong_with_an_order_is_named"),
    "P-029": SHOWN,
    "P-030": KEPT,
    "P-031": KEPT,
    "P-032": KEPT,
    "P-033": AI_CALL,
    "P-034": AI_CALL,
    "P-035": _flow("calls_api", "test_what_is_wrong_with_an_order_is_named"),
    "P-036": PYTHON_CABLE,
    "P-040": _flow("calls_whole", "test_a_call_is_talked_recorded_transcribed_judged_and_replayed"),
    "P-041": BRIDGE,
    "P-042": IFRAME,
    "P-043": [LIVE.format("test_the_client_is_dialled_when_the_agents_sound_is_there_and_hears_it")]
    + _flow("calls_api", "test_an_agent_who_never_comes_cancels_the_call"),
    "P-044": [
        PEOPLE.format("test_by_phone_the_agents_line_rings_first_and_the_client_only_when_it_answered"),
        PEOPLE.format("test_by_phone_nobody_calls_the_client_when_the_agents_line_does_not_answer"),
    ],
    "P-045": BRIDGE,
    "P-046": LINK + _flow("calls_api", "test_a_link_opens_once_for_the_least_power_unless_more_is_asked_for"),
    "P-047": LINK,
    "P-048": LINK + _flow("calls_api", "test_links_that_do_not_open"),
    "P-049": IFRAME,
    "P-050": ["tests/browser/test_softphone_page.py::test_the_agent_talks_reads_what_is_said_and_says_how_it_went"],
    "P-051": [LIVE.format("test_one_softphone_controls_a_call_and_a_second_is_refused")],
    "P-052": [LIVE.format("test_a_supervisor_hears_and_is_never_heard_whatever_its_page_sends")],
    "P-053": [PEOPLE.format("test_a_supervisors_telephone_hears_everybody_and_is_never_heard")],
    "P-054": IFRAME,
    "P-060": RELAYED,
    "P-061": _flow("docs", "test_the_story_of_the_relay_has_a_page_of_its_own"),
    "P-062": RELAYED + RELAY,
    "P-063": RELAY,
    "P-064": RELAY + _flow("relay_numbers", "test_what_is_wrong_with_an_order_or_a_search_is_named"),
    "P-065": RELAY,
    "P-066": RELAY,
    "P-067": _flow("relay_numbers", "test_a_number_is_searched_bought_changed_listed_and_given_back"),
    "P-068": RELAY
    + [
        "tests/unit/telephony/test_telephony_destinations.py::"
        "test_a_thousand_random_satellite_and_premium_numbers_are_never_dialled"
    ],
    "P-069": RELAY,
    "P-070": PAUSED,
    "P-080": HOOKS + _flow("webhooks", "test_another_tenants_webhooks_are_not_mine"),
    "P-081": HOOKS,
    "P-082": HOOKS,
    "P-083": ENDPOINTS,
    "P-084": ENDPOINTS,
    "P-085": _flow("webhooks", "test_a_calls_events_arrive_as_documented"),
    "P-086": _flow("webhooks", "test_a_calls_events_arrive_as_documented") + ENDPOINTS,
    "P-087": ENVELOPE,
    "P-088": AGENTS_EVENTS,
    "P-089": AGENTS_EVENTS,
    "P-090": ENDS,
    "P-091": AGENTS_EVENTS,
    "P-092": ENVELOPE,
    "P-093": ENVELOPE + COSTS,
    "P-094": RELAYED,
    "P-095": RELAYED + AGENTS_EVENTS,
    "P-096": VERIFIERS,
    "P-097": VERIFIERS,
    "P-100": PYTHON_CABLE + BROWSER_CABLE,
    "P-101": _in("cable", "test_the_printed_frames_are_those_on_the_wire"),
    "P-102": RELAYED + _flow("cable", "test_a_new_token_for_a_call_is_had_by_its_owner_only"),
    "P-103": _in("cable", "test_the_printed_frames_are_those_on_the_wire"),
    "P-104": _in("cable", "test_the_printed_frames_are_those_on_the_wire"),
    "P-105": BROWSER_CABLE + _flow("cable", "test_frames_before_the_welcome_count"),
    "P-106": PYTHON_CABLE,
    "P-107": IFRAME
    + ["tests/browser/test_player_page.py::test_the_words_being_said_are_marked_and_a_click_on_words_goes_there"],
}

MISSING: dict[str, str] = {}
"""Rows that no test holds, and why."""
