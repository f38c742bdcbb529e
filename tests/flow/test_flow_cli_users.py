"""`parloir users …`: made without a code, listed, given another password; and mails that no mail server takes."""

import asyncio
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from server.app import Parloir
from server.cli import main
from server.identity import NewAccount
from server.kit.errors import NotAuthenticated
from server.settings import Settings

PASSWORD = "correct horse battery"


@pytest.fixture
def parloir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.chdir(tmp_path)  # no .env of the developer's is read
    return CliRunner(env={"PARLOIR_DATA_DIR": str(tmp_path / "var"), "DATABASE_URL": None, "REDIS_URL": None})


def test_users_are_made_listed_and_given_another_password(parloir: CliRunner, tmp_path: Path) -> None:
    made = parloir.invoke(main, ["users", "create", "Zoë@München.example"], input=f"{PASSWORD}\n{PASSWORD}\n")
    assert "zoë@münchen.example is owner of zoe_" in made.output
    assert PASSWORD not in made.output
    tenant = made.output.split()[-1].rstrip(".")
    words = ["users", "create", "bob@example.com", "--tenant", tenant, "--role", "viewer", "--password", PASSWORD]
    assert f"is viewer of {tenant}" in parloir.invoke(main, words).output
    assert "(email_taken)" in parloir.invoke(main, words).output
    listed = parloir.invoke(main, ["users", "list"]).output
    assert f"{tenant} (owner)" in listed
    assert f"{tenant} (viewer)" in listed
    weak = parloir.invoke(main, ["users", "set-password", "bob@example.com", "--password", "short"])
    assert "(weak_password)" in weak.output
    changed = parloir.invoke(main, ["users", "set-password", "bob@example.com", "--password", "quite another one"])
    assert changed.exit_code == 0, changed.output
    asyncio.run(_signs_in(tmp_path / "var"))
    outbox = parloir.invoke(main, ["users", "outbox"]).output
    assert re.search(r"cleo@example.com  (\d{6}) is your confirmation code\n(.*\n)+    \1\n", outbox)
    smtp = {"PARLOIR_SMTP_HOST": "mail.example", "PARLOIR_MAIL_FROM": "Parloir <no-reply@voice.example>"}
    sends = parloir.invoke(main, ["users", "outbox"], env=smtp)
    assert "none are kept" in sends.output


async def _signs_in(folder: Path) -> None:
    async with Parloir.open(Settings(_env_file=None, data_dir=folder)) as server:
        await server.identity.sign_ins.sign_in("bob@example.com", "quite another one", "192.0.2.1")
        with pytest.raises(NotAuthenticated):
            await server.identity.sign_ins.sign_in("bob@example.com", PASSWORD, "192.0.2.1")
        await server.identity.accounts.sign_up(NewAccount("cleo@example.com", PASSWORD), "192.0.2.1")
