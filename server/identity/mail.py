"""Mails to people: what they say in five languages, and the port through which they leave."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

LANGUAGES = ("en", "fr", "es", "ar", "ary")
_FALLBACK = "en"
_BREAKS = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029]+")
_TEXTS: dict[str, dict[str, dict[str, str]]] = json.loads((Path(__file__).parent / "mails.json").read_text("utf-8"))


@dataclass(frozen=True)
class Mail:
    """A mail in plain text. `recipient` is a normalised address; the repr shows neither it nor the text."""

    recipient: str = field(repr=False)
    subject: str = field(repr=False)
    text: str = field(repr=False)
    language: str = _FALLBACK


class MailPost(Protocol):
    """Takes mails to where they are read."""

    async def send(self, mail: Mail) -> None:
        """Returns when the mail is taken. Raises Unavailable `mail_unavailable`, InvalidInput `mail_refused`."""
        ...


def compose(kind: str, recipient: str, language: str, **values: str) -> Mail:
    """The mail `kind` of mails.json with its places filled in; in English when there is no text in `language`."""
    spoken = language if language in LANGUAGES else _FALLBACK
    words = _TEXTS[kind][spoken]
    plain = {name: _BREAKS.sub(" ", value).strip() for name, value in values.items()}
    return Mail(recipient, words["subject"].format(**plain), words["text"].format(**plain), spoken)


class Letters:
    """Composes and sends. `server_name` is how mails call this server."""

    def __init__(self, post: MailPost, server_name: str) -> None:
        self._post = post
        self._server_name = server_name

    async def send(self, kind: str, recipient: str, language: str, **values: str) -> None:
        """Raises as MailPost.send()."""
        await self._post.send(compose(kind, recipient, language, server=self._server_name, **values))
