"""Every refusal the product can give, as one tree.

    AppError
    ├── InvalidInput        the request itself is wrong            400 (422 on /api/v1)
    ├── NotAuthenticated    no credential, or not a valid one      401
    ├── NotAllowed          known, but may not do this             403
    ├── NotFound            no such thing here                     404
    ├── Conflict            not possible in the present state      409
    ├── Gone                it existed and is over                 410
    ├── TooLarge            more bytes than we take                413
    ├── TooMany             over a limit; retry_after_s says when  429
    └── Unavailable         a part is missing or stopping          503

`code` is stable and documented in docs/reference/errors.md; `message` is a plain sentence that
never holds a secret, a phone number or what somebody said. web/errors.py alone turns these into HTTP.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class FieldProblem:
    """One field of a request that is wrong, and why."""

    field: str
    problem: str


class AppError(Exception):
    """A refusal with a stable code. `retryable` says whether the same request may succeed later."""

    retryable = False

    def __init__(self, code: str, message: str, details: Sequence[FieldProblem] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = tuple(details)


class InvalidInput(AppError):
    pass


class NotAuthenticated(AppError):
    pass


class NotAllowed(AppError):
    pass


class NotFound(AppError):
    pass


class Conflict(AppError):
    pass


class Gone(AppError):
    pass


class TooLarge(AppError):
    pass


class TooMany(AppError):
    retryable = True

    def __init__(self, code: str, message: str, retry_after_s: int) -> None:
        super().__init__(code, message)
        self.retry_after_s = retry_after_s


class Unavailable(AppError):
    retryable = True
