"""Mails leave through a real mail server on loopback: encrypted, signed in, whole; and when it will not, a refusal."""

import asyncio
import contextlib
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from server.identity.mail import LANGUAGES, compose
from server.identity.smtp import MailServer, SmtpPost
from server.kit.errors import AppError
from tests.fakes.clock import FakeClock
from tests.fixtures.certificates import self_signed
from tests.fixtures.servers import free_port

USER, PASSWORD = "parloir", "swordfish"


@dataclass
class Mailbox:
    """What aiosmtpd calls for every message."""

    answer: str = "250 OK"
    recipient_answer: str = "250 OK"
    taken: list[tuple[Envelope, bool]] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802  # aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.recipient_answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return self.recipient_answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.taken.append((envelope, session.ssl is not None))
        return self.answer

    def messages(self) -> list[EmailMessage]:
        return [
            message_from_bytes(bytes(envelope.content or b""), policy=policy.default)  # type: ignore[misc,arg-type]
            for envelope, _ in self.taken
        ]


@dataclass
class MailService:
    mailbox: Mailbox
    port: int
    trusting: ssl.SSLContext

    def post(self, security: Any = "starttls", **other: Any) -> SmtpPost:
        values: dict[str, Any] = {
            "host": "localhost",
            "port": self.port,
            "security": security,
            "sender": "no-reply@voice.example",
            "username": USER,
            "password": PASSWORD,
            "tls": self.trusting,
        }
        return SmtpPost(MailServer(**(values | other)), FakeClock())


def _is_known(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    return AuthResult(success=(data.login, data.password) == (USER.encode(), PASSWORD.encode()))


@contextlib.contextmanager
def serving(folder: Path, **options: Any) -> Iterator[MailService]:
    certificate, key = self_signed(folder)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    mailbox, port = Mailbox(), free_port()
    whole = options.pop("whole", False)
    if whole:
        options["ssl_context"] = context
    else:
        options |= {"tls_context": context, "require_starttls": True}
    controller = Controller(
        mailbox,
        hostname="127.0.0.1",
        port=port,
        ready_timeout=60,
        authenticator=_is_known,
        auth_required=not whole,  # aiosmtpd knows of no encryption then, and warns
        auth_require_tls=not whole,
        **options,
    )
    controller.start()
    try:
        yield MailService(mailbox, port, ssl.create_default_context(cafile=str(certificate)))
    finally:
        controller.stop()


@pytest.fixture
def service(tmp_path: Path) -> Iterator[MailService]:
    """Takes mail after STARTTLS and a sign-in."""
    with serving(tmp_path, enable_SMTPUTF8=True) as service:
        yield service


async def refused(work: Any) -> str:
    with pytest.raises(AppError) as refusal:
        await work
    return refusal.value.code


async def test_a_mail_arrives_whole_in_every_language(service: MailService) -> None:
    post = service.post()
    for language in LANGUAGES:
        mail = compose("confirmation", "anna@example.com", language, code="012345", minutes="15", server="x")
        await post.send(mail)
        message = service.mailbox.messages()[-1]
        assert message["Subject"] == mail.subject
        assert message.get_content().replace("\r\n", "\n") == mail.text
        assert message["Content-Language"] == language
        assert (message["To"], message["From"]) == ("anna@example.com", "Parloir <no-reply@voice.example>")
        assert message["Auto-Submitted"] == "auto-generated"
        assert message["Message-ID"].endswith("@voice.example>")
        assert message["Date"].datetime == FakeClock().now()
    assert all(is_encrypted for _, is_encrypted in service.mailbox.taken)
    assert {tuple(envelope.rcpt_tos) for envelope, _ in service.mailbox.taken} == {("anna@example.com",)}


async def test_addresses_of_every_script(service: MailService) -> None:
    for address in ("info@xn--mnchen-3ya.example", "josé@example.com", "عمر@xn--mgbh0fb.xn--kgbechtv", "o'neil@a.co"):
        await service.post().send(compose("known", address, "ar", server="x"))
        envelope, _ = service.mailbox.taken[-1]
        assert envelope.rcpt_tos == [address]
        assert f"\r\nTo: {address}\r\n".encode() in bytes(envelope.content or b"")


async def test_tls_from_the_first_byte(tmp_path: Path) -> None:
    with serving(tmp_path, whole=True) as service:
        await service.post("tls", username=None, password=None).send(
            compose("known", "anna@example.com", "fr", server="x")
        )
        assert len(service.mailbox.taken) == 1


@pytest.mark.parametrize(
    ("other", "answers", "code"),
    [
        ({"tls": None}, {}, "mail_unavailable"),  # a certificate that the system does not trust
        pytest.param({"password": "wrong"}, {}, "mail_unavailable", marks=pytest.mark.slow),
        ({"security": "none", "username": None, "password": None}, {}, "mail_unavailable"),  # it wants STARTTLS
        ({"security": "tls"}, {}, "mail_unavailable"),
        ({}, {"answer": "451 later"}, "mail_unavailable"),
        ({}, {"answer": "554 spam"}, "mail_unavailable"),
        ({}, {"recipient_answer": "450 greylisted"}, "mail_unavailable"),
        ({}, {"recipient_answer": "550 nobody here"}, "mail_refused"),
    ],
)
async def test_a_mail_server_that_will_not(
    service: MailService, other: dict[str, Any], answers: dict[str, str], code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, answer in answers.items():
        setattr(service.mailbox, name, answer)
    mail = compose("confirmation", "anna@example.com", "fr", code="012345", minutes="15", server="x")
    assert await refused(service.post(**other).send(mail)) == code
    said = "".join(capsys.readouterr())
    for private in ("anna", "012345", PASSWORD, USER + "'"):
        assert private not in said


async def test_nobody_listens() -> None:
    post = SmtpPost(MailServer("127.0.0.1", free_port(), "none", "a@voice.example"), FakeClock())
    assert await refused(post.send(compose("known", "anna@example.com", "fr", server="x"))) == "mail_unavailable"


async def test_a_mail_server_without_smtputf8_gets_no_address_it_cannot_take(tmp_path: Path) -> None:
    with serving(tmp_path, enable_SMTPUTF8=False) as service:
        send = service.post().send
        assert await refused(send(compose("known", "josé@example.com", "fr", server="x"))) == "mail_unavailable"
        await send(compose("known", "jose@example.com", "fr", server="x"))
        assert len(service.mailbox.taken) == 1


async def test_many_at_once_all_arrive(service: MailService) -> None:
    post = service.post()
    wanted = {f"user{number}@example.com" for number in range(20)}
    await asyncio.gather(*(post.send(compose("known", address, "en", server="x")) for address in wanted))
    assert {envelope.rcpt_tos[0] for envelope, _ in service.mailbox.taken} == wanted
