"""Signing up, confirming, and who a token belongs to: rows P-006 and P-011, readings A-01 and A-02."""

from typing import Annotated, Literal

from pydantic import Field

from server.identity.mail import LANGUAGES
from server.web.openapi.operation import Answered, Asked, Operation, Who

_TAG = "Account"
_TOO_OFTEN = ("rate_limit_exceeded", "too_many_attempts")

Email = Annotated[str, Field(max_length=320, examples=["anna@example.com"])]


class SignUp(Asked):
    email: Email
    password: Annotated[str, Field(max_length=1_000, description="10 to 200 characters.", examples=["correct horse"])]
    name: Annotated[str, Field(max_length=200, description="What stands before the @, if left out.")] = ""
    language: Annotated[
        str | None,
        Field(max_length=8, description=f"Of mails: {', '.join(LANGUAGES)}. From Accept-Language, if left out."),
    ] = None


class SignedUp(Answered):
    status: Literal["ok"]
    id: Annotated[int, Field(description="The id that the user will have.", examples=[42])]
    confirmation_sent: Literal[True]


class Confirm(Asked):
    email: Email
    code: Annotated[str, Field(max_length=20, description="The six digits of the mail.", examples=["123456"])]


class Confirmed(Answered):
    status: Literal["ok"]
    user_token: Annotated[str, Field(description="Shown this once.", examples=["usr_…"])]


class NamedProject(Answered):
    id: Annotated[str, Field(description="For the header X-Project-Id.", examples=["proj_…"])]
    name: str


class NamedTenant(Answered):
    id: str
    name: str


class WhoAmI(Answered):
    """`id`, `name` and `email` are of the user, or of the user who owns the token's tenant."""

    status: Literal["ok"]
    id: Annotated[int, Field(examples=[42])]
    name: str
    email: Annotated[str, Field(description="Empty when the tenant has no owner who signed up.")]
    kind: Literal["user", "project", "secret", "master"]
    tenant: NamedTenant
    project: NamedProject
    projects: Annotated[list[NamedProject] | None, Field(description="Of a user: every project of theirs.")] = None


SIGN_UP = Operation(
    id="sign_up",
    tag=_TAG,
    summary="Ask for an account",
    description="Sends a code of six digits to the address. It is good for 15 minutes and five tries. An address that "
    "has an account is answered the same, and its owner is told by mail.",
    body=SignUp,
    answer=SignedUp,
    status=201,
    refusals={
        422: ("invalid_email", "weak_password", "name_too_long", "mail_refused"),
        429: _TOO_OFTEN,
        503: ("mail_unavailable",),
    },
    who=Who.NOBODY,
)
CONFIRM = Operation(
    id="confirm",
    tag=_TAG,
    summary="Confirm the address, get a user token",
    description="Makes the user, and a tenant of theirs with a default project.",
    body=Confirm,
    answer=Confirmed,
    refusals={422: ("invalid_email", "invalid_code"), 429: _TOO_OFTEN},
    who=Who.NOBODY,
)
WHO_AM_I = Operation(
    id="who_am_i",
    tag=_TAG,
    summary="Whose token this is",
    answer=WhoAmI,
    who=Who.EITHER,
)
