"""Passwords: what may be one, and argon2id in threads of its own, two at a time, so that no call waits for it."""

import asyncio
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from server.kit.errors import FieldProblem, InvalidInput, TooMany

SHORTEST, LONGEST = 10, 200
_LEAST_DIFFERENT = 5  # characters
_AT_ONCE = 2
_WAITING_MAX = 40  # about two seconds of work on an ordinary core
_RETRY_S = 5

_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Cost:
    """What one hash takes: OWASP's minimum for argon2id, about 75 ms."""

    memory_kib: int = 19_456
    passes: int = 2


@dataclass(frozen=True)
class Verdict:
    """Whether the password was right, and whether its hash was made at another cost than today's."""

    is_right: bool
    is_outdated: bool = False


class Passwords:
    def __init__(self, cost: Cost | None = None) -> None:
        cost = cost or Cost()
        self._hasher = PasswordHasher(time_cost=cost.passes, memory_cost=cost.memory_kib, parallelism=1)
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="argon2")
        self._under_way = 0
        self._nobodys: str | None = None

    async def close(self) -> None:
        """Idempotent."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def hash(self, password: str) -> str:
        """Raises TooMany `rate_limit_exceeded` when too many wait."""
        return await self._in_thread(lambda: self._hasher.hash(_canonical(password)))

    async def verify(self, password: str, hashed: str | None) -> Verdict:
        """Whether `password` is the one of `hashed`. No hash takes as long and is never right. Raises as hash()."""
        return await self._in_thread(lambda: self._verify(_canonical(password), hashed))

    def _verify(self, password: str, hashed: str | None) -> Verdict:
        if self._nobodys is None:
            self._nobodys = self._hasher.hash("nobody's password")
        try:
            self._hasher.verify(hashed or self._nobodys, password)
        except (VerificationError, InvalidHashError):
            return Verdict(is_right=False)
        if not hashed:
            return Verdict(is_right=False)
        return Verdict(is_right=True, is_outdated=self._hasher.check_needs_rehash(hashed))

    async def _in_thread(self, work: Callable[[], _Result]) -> _Result:
        if self._under_way >= _AT_ONCE + _WAITING_MAX:
            raise TooMany("rate_limit_exceeded", "Too many people sign in at this moment.", _RETRY_S)
        self._under_way += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._under_way -= 1


def check_password(password: str, email: str) -> None:
    """Whether `password` may be that of `email`. Raises InvalidInput `weak_password`."""
    canonical = _canonical(password)
    if not SHORTEST <= len(canonical) <= LONGEST:
        raise _weak(f"has {SHORTEST} to {LONGEST} characters")
    if len(set(canonical)) < _LEAST_DIFFERENT:
        raise _weak(f"needs {_LEAST_DIFFERENT} different characters")
    if canonical.casefold() in {email, email.partition("@")[0]}:
        raise _weak("must not be the e-mail address")


def _canonical(password: str) -> str:
    """The same password from every keyboard: `é` as one character or as two."""
    return unicodedata.normalize("NFKC", password.encode("utf-8", "replace").decode())


def _weak(problem: str) -> InvalidInput:
    return InvalidInput("weak_password", f"A password {problem}.", [FieldProblem("password", problem)])
