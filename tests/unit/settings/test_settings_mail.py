"""The settings of the mail server: which belong together, and what a sender looks like."""

from typing import Any

import pytest
from pydantic import ValidationError

from server.settings import Settings

FULL = {
    "smtp_host": "mail.example",
    "smtp_username": "parloir",
    "smtp_password": "swordfish",
    "mail_from": "La Maison <Hello@M\u00fcnchen.example>",
}


def settings(**values: Any) -> Settings:
    return Settings(_env_file=None, **values)


def test_without_a_host_there_is_no_mail_server() -> None:
    assert settings().mail_server is None


def test_the_mail_server_as_set() -> None:
    server = settings(**FULL).mail_server
    assert server is not None
    assert (server.host, server.port, server.security) == ("mail.example", 587, "starttls")
    assert (server.sender, server.sender_name) == ("hello@xn--mnchen-3ya.example", "La Maison")
    assert (server.username, server.password) == ("parloir", "swordfish")
    assert "swordfish" not in repr(server) + repr(settings(**FULL))
    assert "parloir" not in repr(server)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"mail_from": "nobody"}, "must be an e-mail address"),
        ({"mail_from": ""}, "must be an e-mail address"),
        ({"smtp_security": "ssl"}, "smtp_security"),
        ({"smtp_port": 0}, "smtp_port"),
        ({"smtp_password": None}, "needed together"),
        ({"smtp_username": None}, "needed together"),
    ],
)
def test_wrong_settings(values: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match="(?i)" + said.replace("_", ".")):
        settings(**(FULL | values))


def test_a_mail_server_needs_a_sender() -> None:
    with pytest.raises(ValidationError, match="PARLOIR_MAIL_FROM is needed"):
        settings(smtp_host="mail.example")
