"""Who sits at the console: the session cookie, the forms' tokens, and what one page tells the next once."""

import base64
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from urllib.parse import urlsplit

from quart import request
from werkzeug.sansio.response import Response

from server.identity.sign_ins import LIFETIME
from server.kit.clock import Clock
from server.kit.errors import NotAllowed
from server.storage.secret import MasterSecret

SESSION_S = int(LIFETIME.total_seconds())
FLASH_S = 60
_FORMS, _FLASH = "console forms", "console flash"
_SESSION, _VISITOR, _FLASH_COOKIE, _LANGUAGE = "parloir_console", "parloir_visitor", "parloir_flash", "parloir_language"
_YEAR_S = 365 * 24 * 3_600


@dataclass(frozen=True)
class Flash:
    """Told by the next page, once. `secret` is something that is never shown again."""

    key: str
    values: Mapping[str, str] = field(default_factory=dict)
    secret: str | None = field(default=None, repr=False)
    is_error: bool = False


class ConsoleCookies:
    """Every cookie of the console. Under TLS they have the `__Host-` prefix, so no neighbour can set them."""

    def __init__(self, secret: MasterSecret, clock: Clock, origin: str) -> None:
        self._secret = secret
        self._key = secret.key_for(_FORMS)
        self._clock = clock
        self._origin = origin
        self._is_tls = origin.startswith("https://")

    @property
    def session(self) -> str | None:
        return self._read(_SESSION)

    @property
    def language(self) -> str | None:
        return self._read(_LANGUAGE)

    def keep_session(self, response: Response, token: str) -> None:
        self._write(response, _SESSION, token, SESSION_S)

    def forget_session(self, response: Response) -> None:
        self._write(response, _SESSION, "", 0)

    def keep_language(self, response: Response, language: str) -> None:
        self._write(response, _LANGUAGE, language, _YEAR_S)

    def visitor(self) -> str:
        """What stands for a browser that is not signed in; a new one when it has none yet."""
        return self._read(_VISITOR) or secrets.token_urlsafe(16)

    def keep_visitor(self, response: Response, visitor: str) -> None:
        self._write(response, _VISITOR, visitor, SESSION_S)

    def form_token(self, seat: str) -> str:
        """What a form of this session (or visitor) carries, and no other site can know."""
        return hmac.new(self._key, seat.encode(), sha256).hexdigest()

    def check_form(self, seat: str | None, presented: str) -> None:
        """Refuse a POST that is not from a page of ours for this seat. Raises NotAllowed `form_refused`."""
        is_ours = request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"
        origin = request.headers.get("Origin")
        if origin is not None and origin != self._origin:
            is_ours = is_ours and urlsplit(origin).netloc == request.host
        expected = self.form_token(seat) if seat else ""
        if not is_ours or not expected or not hmac.compare_digest(expected.encode(), presented.encode()):
            raise NotAllowed("form_refused", "This form is too old or not one of ours. Load the page again.")

    def check_visitor(self, presented: str) -> None:
        """As check_form(), for a browser that is not signed in."""
        self.check_form(self._read(_VISITOR), presented)

    def flash(self, response: Response, seat: str, flash: Flash) -> None:
        """Have the next page of this seat tell `flash`. It travels encrypted, in a cookie that lives a minute."""
        content = {
            "until": self._clock.now().timestamp() + FLASH_S,
            "seat": self.form_token(seat),
            "flash": [flash.key, dict(flash.values), flash.secret, flash.is_error],
        }
        sealed = self._secret.seal(json.dumps(content).encode(), _FLASH)
        self._write(response, _FLASH_COOKIE, base64.urlsafe_b64encode(sealed).decode(), FLASH_S)

    def take_flash(self, seat: str) -> Flash | None:
        """What the page before left for this one; drop_flash() on the answer makes it gone."""
        raw = self._read(_FLASH_COOKIE)
        if not raw:
            return None
        try:
            content = json.loads(self._secret.unseal(base64.urlsafe_b64decode(raw), _FLASH))
        except ValueError:
            return None
        if content["seat"] != self.form_token(seat) or content["until"] < self._clock.now().timestamp():
            return None
        return Flash(*content["flash"])

    def drop_flash(self, response: Response) -> None:
        if self._read(_FLASH_COOKIE):
            self._write(response, _FLASH_COOKIE, "", 0)

    def _name(self, name: str) -> str:
        return f"__Host-{name}" if self._is_tls else name

    def _read(self, name: str) -> str | None:
        return request.cookies.get(self._name(name))

    def _write(self, response: Response, name: str, value: str, max_age_s: int) -> None:
        response.set_cookie(
            self._name(name),
            value,
            max_age=max_age_s,
            path="/",
            secure=self._is_tls,
            httponly=True,
            samesite="Lax",
        )
