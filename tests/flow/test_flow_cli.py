"""The command line as an operator uses it: tenants, origins, agents, knowledge, keys, and what it refuses."""

import base64
import contextlib
import json
import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from server.cli import main


@pytest.fixture
def parloir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.chdir(tmp_path)  # no .env of the developer's is read
    return CliRunner(env={"PARLOIR_DATA_DIR": str(tmp_path / "var"), "DATABASE_URL": None, "REDIS_URL": None})


def _run(parloir: CliRunner, *words: str) -> Result:
    return parloir.invoke(main, list(words))


def _created(parloir: CliRunner, *more: str) -> dict[str, str]:
    made = _run(
        parloir, "tenants", "create", "--name", "Maison Lune", "--origin", "https://Lune.example", "--json", *more
    )
    assert made.exit_code == 0, made.output
    values: dict[str, str] = json.loads(made.stdout)
    return values


def test_a_new_tenant_has_every_key_and_an_agent(parloir: CliRunner) -> None:
    made = _created(parloir, "--plan", "pro")
    assert made["tenant_id"].startswith("maison_lune_")
    assert made["public_key"].startswith("voc_pk_live_")
    assert made["secret_key"].startswith("voc_sk_live_")
    assert made["master_key"].startswith("vk_")
    assert made["project_token"]
    assert made["agent_slug"] == "support"
    listed = _run(parloir, "tenants", "list")
    assert made["tenant_id"] in listed.output
    assert "pro" in listed.output
    assert made["secret_key"] not in listed.output


def test_origins_are_added_listed_and_removed(parloir: CliRunner) -> None:
    tenant = _created(parloir)["tenant_id"]
    assert _run(parloir, "tenants", "origins", "list", tenant).output.split() == ["https://lune.example"]
    added = _run(parloir, "tenants", "origins", "add", tenant, "http://localhost:3000/")
    assert "http://localhost:3000 is allowed" in added.output
    assert "Removed" in _run(parloir, "tenants", "origins", "remove", tenant, "https://lune.example").output
    assert "not listed" in _run(parloir, "tenants", "origins", "remove", tenant, "https://lune.example").output
    assert _run(parloir, "tenants", "origins", "list", tenant).output.split() == ["http://localhost:3000"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("tenants", "origins", "add", "{tenant}", "https://*.example"), "invalid_origin"),
        (("tenants", "origins", "add", "nobody_0000", "https://a.example"), "unknown_tenant"),
        (("agents", "set", "--tenant", "{tenant}", "colour=blue"), "unknown_field"),
        (("agents", "set", "--tenant", "{tenant}", "language=xx"), "unknown_language"),
        (("tenants", "create", "--name", " "), "invalid_name"),
    ],
)
def test_a_refusal_names_its_code_and_fails(parloir: CliRunner, words: tuple[str, ...], code: str) -> None:
    tenant = _created(parloir)["tenant_id"]
    refused = _run(parloir, *(word.replace("{tenant}", tenant) for word in words))
    assert refused.exit_code == 1
    assert code in refused.output
    assert "Traceback" not in refused.output


def test_a_telephone_is_opened_for_any_number_that_is_not_a_project_s(parloir: CliRunner) -> None:
    tenant = _created(parloir)["tenant_id"]
    opened = _run(parloir, "numbers", "handset", tenant, "+33 6 12 00 00 01")
    address, _, ticket = opened.output.strip().partition("?t=")
    assert address.endswith("/handset")
    claims = ticket.split(".")[1]
    said = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    assert (said["number"], said["label"]) == ("+33612000001", "Maison Lune")
    assert "invalid_phone_number" in _run(parloir, "numbers", "handset", tenant, "12").output


def test_numbers_are_added_listed_and_removed(parloir: CliRunner) -> None:
    tenant = _created(parloir)["tenant_id"]
    added = _run(parloir, "numbers", "add", tenant, "+33 1 59 13 33 54", "--record", "--transcribe")
    assert f"+33159133354 is a number of {tenant}" in added.output
    assert _run(parloir, "numbers", "list", tenant).output == "+33159133354\trecording, transcript\tagent\n"
    allowed = _run(parloir, "numbers", "destinations", tenant, "--allow", "ma").output
    assert allowed == "FR\nMA\n"  # and the country of its number
    assert "unknown_country" in _run(parloir, "numbers", "destinations", tenant, "--allow", "Mars").output
    assert "US" in _run(parloir, "numbers", "destinations", tenant, "--default").output.split()
    assert "phone_number_taken" in _run(parloir, "numbers", "handset", tenant, "+33159133354").output
    again = _run(parloir, "numbers", "add", tenant, "+33159133354")
    assert again.exit_code == 1
    assert "phone_number_taken" in again.output
    assert _run(parloir, "numbers", "messages", tenant).output == ""
    assert "Removed" in _run(parloir, "numbers", "remove", tenant, "+33159133354").output
    assert "not one of" in _run(parloir, "numbers", "remove", tenant, "+33159133354").output
    assert _run(parloir, "numbers", "list", tenant).output == ""


def test_what_is_said_before_a_recording_is_set_and_shown(parloir: CliRunner) -> None:
    which = ("recordings", "notice", "--tenant", _created(parloir)["tenant_id"])
    assert [_run(parloir, *which, *more).output.strip() for more in ((), ("ask",), ())] == ["off", "ask", "ask"]
    assert "unknown_project" in _run(parloir, *which, "--project", "none", "announce").output
    assert _run(parloir, *which, "whisper").exit_code == 2


def test_an_agent_is_changed(parloir: CliRunner) -> None:
    tenant = _created(parloir)["tenant_id"]
    changed = _run(parloir, "agents", "set", "--tenant", tenant, "name=Lou", "language=en", "text_only=true")
    assert changed.exit_code == 0, changed.output
    assert "is set" in changed.output


@pytest.mark.speech
def test_knowledge_is_imported_and_a_wrong_file_named_by_its_line(parloir: CliRunner, tmp_path: Path) -> None:
    tenant = _created(parloir)["tenant_id"]
    good, wrong = tmp_path / "faq.csv", tmp_path / "faq.json"
    good.write_text('question,answer\nWhere are you?,By the harbour.\nDo you ship?,"Yes, to France."\n')
    wrong.write_text('[{"question": "Where?"}]')
    imported = _run(parloir, "knowledge", "import", "--tenant", tenant, str(good))
    assert "2 entries imported" in imported.output, imported.output
    refused = _run(parloir, "knowledge", "import", "--tenant", tenant, str(wrong))
    assert refused.exit_code == 1
    assert "knowledge_file_invalid" in refused.output
    assert "1" in refused.output


def test_signing_keys_are_rotated(parloir: CliRunner) -> None:
    first, second = (_run(parloir, "keys", "rotate").output for _ in range(2))
    assert first.startswith("Signing with key_")
    assert first != second


def test_a_wrong_setting_is_named(parloir: CliRunner) -> None:
    refused = parloir.invoke(main, ["migrate"], env={"PORT": "eighty"})
    assert refused.exit_code == 1
    assert "PORT" in refused.output
    assert "Traceback" not in refused.output


@pytest.mark.speech
def test_the_doctor_says_which_engine_serves_which_language(parloir: CliRunner) -> None:
    _run(parloir, "migrate")
    report = _run(parloir, "doctor", "--json")
    found = json.loads(report.stdout)
    used = {(row["language"], row["part"]) for row in found["coverage"] if row["used"]}
    assert {(language, part) for language in ("fr", "en", "es") for part in ("stt", "tts")} <= used
    assert found["is_well"] is (report.exit_code == 0)
    text = _run(parloir, "doctor").output
    assert "Languages" in text


def test_the_doctor_explains_an_error_code(parloir: CliRunner) -> None:
    explained = _run(parloir, "doctor", "--code", "origin_not_allowed")
    assert explained.exit_code == 0
    assert "parloir tenants origins add" in explained.output
    unknown = _run(parloir, "doctor", "--code", "no_such_code")
    assert unknown.exit_code == 1
    assert "no_such_code" in unknown.output


def test_a_tenants_widget_options_are_set_shown_and_unset(parloir: CliRunner) -> None:
    tenant = _created(parloir)["tenant_id"]
    given = ("theme.primaryColor=#0a7a5a", "captions=false", "greeting=Bonjour !")
    assert _run(parloir, "widget", "set", "--tenant", tenant, *given).exit_code == 0
    shown = json.loads(_run(parloir, "widget", "show", "--tenant", tenant).stdout)
    assert shown == {"theme.primaryColor": "#0a7a5a", "captions": False, "greeting": "Bonjour !"}
    assert "Removed" in _run(parloir, "widget", "unset", "--tenant", tenant, "captions").output
    assert "not set" in _run(parloir, "widget", "unset", "--tenant", tenant, "captions").output
    refused = _run(parloir, "widget", "set", "--tenant", tenant, "position=bottom-left")
    assert refused.exit_code != 0
    assert "position" in refused.output


def _credentials(parloir: CliRunner, tenant: str) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = json.loads(_run(parloir, "credentials", "list", "--tenant", tenant, "--json").stdout)
    return rows


def test_keys_are_listed_rotated_and_revoked(parloir: CliRunner) -> None:
    made = _created(parloir)
    tenant = made["tenant_id"]
    listed = _run(parloir, "credentials", "list", "--tenant", tenant).output
    assert made["secret_key"][-4:] in listed
    assert not any(made[key] in listed for key in ("secret_key", "master_key", "project_token", "public_key"))
    secret = next(row for row in _credentials(parloir, tenant) if row["kind"] == "secret")
    rotated = _run(parloir, "credentials", "rotate", "--tenant", tenant, "--overlap-hours", "2", secret["id"])
    assert "voc_sk_live_" in rotated.output, rotated.output
    states = [row["state"] for row in _credentials(parloir, tenant) if row["kind"] == "secret"]
    assert states == ["expiring", "active"]
    newest = _credentials(parloir, tenant)[-1]["id"]
    assert "is revoked" in _run(parloir, "credentials", "revoke", "--tenant", tenant, newest).output
    assert _credentials(parloir, tenant)[-1]["state"] == "revoked"
    again = _run(parloir, "credentials", "rotate", "--tenant", tenant, newest)
    assert (again.exit_code, "key_not_active" in again.output) == (1, True)


def test_the_audit_log_is_listed_and_verified(parloir: CliRunner, tmp_path: Path) -> None:
    tenant = _created(parloir)["tenant_id"]
    _run(parloir, "agents", "set", "--tenant", tenant, "name=Lou")
    listed = _run(parloir, "audit", "list", "--tenant", tenant)
    assert [line.split("\t")[3] for line in listed.output.splitlines()] == ["tenant.created", "agent.set"]
    whole = _run(parloir, "audit", "verify")
    assert (whole.exit_code, "whole\t2 entries" in whole.output) == (0, True)
    signing = _run(parloir, "keys", "rotate").output.split()[-1].rstrip(".")
    assert "cli\tsigning_key.rotated" in (listed := _run(parloir, "audit", "list").output)
    assert signing in listed
    with contextlib.closing(sqlite3.connect(tmp_path / "var" / "parloir.db")) as database:
        database.execute("UPDATE audit_entries SET actor = 'nobody' WHERE place = 2")
        database.commit()
    broken = _run(parloir, "audit", "verify")
    assert (broken.exit_code, f"{tenant}\tBROKEN at row 2" in broken.output) == (1, True)
