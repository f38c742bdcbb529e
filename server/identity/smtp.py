"""Sends mails through a mail server, encrypted unless told otherwise, within a time limit."""

import asyncio
import ssl
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime, make_msgid
from typing import Literal

import aiosmtplib

from server.identity.mail import Mail
from server.kit.clock import Clock
from server.kit.errors import FieldProblem, InvalidInput, Unavailable
from server.kit.log import logger

STEP_TIMEOUT_S = 10.0
WHOLE_TIMEOUT_S = 25.0  # with waiting for a turn: somebody looks at a page meanwhile
AT_ONCE = 8
_log = logger(__name__)

Security = Literal["starttls", "tls", "none"]


@dataclass(frozen=True)
class MailServer:
    """`sender` is who mails are from, `sender_name` how that is shown. `tls`: other than what the system trusts."""

    host: str
    port: int
    security: Security
    sender: str
    sender_name: str = "Parloir"
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    tls: ssl.SSLContext | None = None


class SmtpPost:
    """A MailPost over SMTP; every mail has a connection of its own."""

    def __init__(self, server: MailServer, clock: Clock) -> None:
        self._server = server
        self._clock = clock
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def send(self, mail: Mail) -> None:
        """Returns when the server took the mail.

        Raises Unavailable `mail_unavailable`; InvalidInput `mail_refused` when it will not have this recipient.
        """
        server = self._server
        try:
            async with asyncio.timeout(WHOLE_TIMEOUT_S), self._turns:
                await aiosmtplib.send(
                    self._message(mail),
                    sender=server.sender,
                    recipients=[mail.recipient],
                    hostname=server.host,
                    port=server.port,
                    username=server.username,
                    password=server.password,
                    use_tls=server.security == "tls",
                    start_tls=server.security == "starttls",
                    tls_context=server.tls,
                    timeout=STEP_TIMEOUT_S,
                )
        except aiosmtplib.SMTPRecipientsRefused as refusal:
            if all(500 <= each.code < 600 for each in refusal.recipients):
                problem = FieldProblem("email", "is refused by the mail server")
                raise InvalidInput("mail_refused", "The mail server refuses this address.", [problem]) from None
            raise self._unavailable(refusal) from None
        except (aiosmtplib.SMTPException, OSError, ValueError) as failure:  # TimeoutError is an OSError
            raise self._unavailable(failure) from None

    def _message(self, mail: Mail) -> EmailMessage:
        is_ascii = mail.recipient.isascii() and self._server.sender.isascii()
        message = EmailMessage(policy=SMTP if is_ascii else SMTPUTF8)
        message["From"] = _address(self._server.sender, self._server.sender_name)
        message["To"] = _address(mail.recipient)
        message["Subject"] = mail.subject
        message["Date"] = format_datetime(self._clock.now())
        message["Message-ID"] = make_msgid(domain=self._server.sender.rpartition("@")[2])
        message["Auto-Submitted"] = "auto-generated"  # no holiday notices in return
        message.set_content(mail.text)
        message["Content-Language"] = mail.language  # set_content() removes what begins with Content
        return message

    def _unavailable(self, failure: BaseException) -> Unavailable:
        code = getattr(failure, "code", None)
        _log.warning("a mail was not sent", failure=type(failure).__name__, code=code)
        return Unavailable("mail_unavailable", "The mail could not be sent. Try again in a moment.")


def _address(address: str, name: str = "") -> Address:
    """In its parts: as one text, email's own parser refuses what is not ASCII before the @."""
    local, _, domain = address.rpartition("@")
    return Address(name, local, domain)
