"""Webhooks on /api/v1: the bodies that are read, the answers that are given, and the operations between them."""

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, ConfigDict, Field

from server.web.bodies import RequestBody
from server.web.openapi.operation import Answered, Asked, Moment, Operation

_Url = Annotated[str, Field(min_length=1, max_length=2_000)]
_Events = Annotated[list[Annotated[str, Field(max_length=60)]], Field(max_length=40)]
_OWN = {403: ("foreign_webhook",), 404: ("unknown_webhook",)}
_WEBHOOKS = "Webhooks"


class CreateWebhook(Asked):
    """The endpoint to add."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "url": "https://example.com/hooks/phonevoice",
                    "events": ["phone_call.completed", "sms.received"],
                    "name": "My CRM",
                }
            ]
        }
    )

    url: _Url = Field(description="https, on the public internet.")
    events: _Events | None = Field(None, description='The types to send; nothing, or `["*"]`: all of them.')
    name: Annotated[str, Field(max_length=120)] = Field("", description="For you to tell endpoints apart.")


class ChangeWebhook(Asked):
    """What changes; the rest stays."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"events": ["*"], "active": True}]})

    url: _Url | None = Field(None, description="https, on the public internet.")
    events: _Events | None = Field(None, description="The types to send.")
    name: Annotated[str, Field(max_length=120)] | None = Field(None, description="For you to tell endpoints apart.")
    active: bool | None = Field(None, description="False pauses it. True also forgets why it was disabled.")


class RotateSecret(Asked):
    """How long both secrets sign."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"overlap_hours": 24}]})

    overlap_hours: int = Field(24, description="0 to 168: so long the old secret signs beside the new one.")
    force: bool = Field(False, description="Even while the overlap of the last rotation lasts.")


class Recover(RequestBody):
    """Since when."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=False,  # a time comes as text
        json_schema_extra={"examples": [{"since": "2026-06-04T00:00:00Z"}]},
    )

    since: AwareDatetime = Field(description="At most 14 days ago, with its zone.")


class Webhook(Answered):
    """An endpoint."""

    id: int = Field(examples=[35])
    uid: str
    name: str
    url: str
    events: list[str]
    active: bool
    disabled_reason: str | None = Field(description="Why we stopped sending, if we did.")
    last_success_at: Moment | None
    failing_since: Moment | None
    created_at: Moment


class WebhookWithSecret(Webhook):
    """The endpoint with its secret, which is never shown again."""

    secret: str = Field(description="Signs every delivery. Store it now.", examples=["whsec_…"])


class Webhooks(Answered):
    """Your endpoints."""

    webhooks: list[Webhook]


class Deleted(Answered):
    """It is gone, with its log."""

    status: Literal["success"]


class Attempt(Answered):
    """One attempt to deliver."""

    id: int
    event_id: str = Field(examples=["evt_…"])
    type: str = Field(examples=["phone_call.completed"])
    state: str = Field(description="Of the delivery: `pending`, `delivered` or `failed`.")
    at: Moment
    duration_ms: int
    response_status: int | None
    failure: str | None = Field(description="Why there is no status, in words.")
    request_headers: dict[str, str] = Field(description="Without the signatures.")
    request_body: dict[str, Any]
    response_excerpt: str


class DeliveryLog(Answered):
    """The last 50 attempts, newest first."""

    calls: list[Attempt]


class Sent(Answered):
    """It is on its way."""

    status: Literal["success"]
    event_id: str | None = Field(None, description="The delivery; the id is the same at every attempt.")
    count: int | None = Field(None, description="How many are sent again.")


LIST_WEBHOOKS = Operation(id="list_webhooks", tag=_WEBHOOKS, summary="List your webhooks", answer=Webhooks)
CREATE_WEBHOOK = Operation(
    id="create_webhook",
    tag=_WEBHOOKS,
    summary="Create a webhook",
    description="The secret that signs its deliveries is in this answer only.",
    body=CreateWebhook,
    answer=WebhookWithSecret,
    status=201,
    refusals={422: ("url_refused",), 429: ("too_many_webhooks",)},
    is_idempotent=True,
)
GET_WEBHOOK = Operation(id="get_webhook", tag=_WEBHOOKS, summary="Read a webhook", answer=Webhook, refusals=_OWN)
CHANGE_WEBHOOK = Operation(
    id="change_webhook",
    tag=_WEBHOOKS,
    summary="Change a webhook",
    body=ChangeWebhook,
    answer=Webhook,
    refusals=_OWN | {422: ("url_refused",)},
)
DELETE_WEBHOOK = Operation(
    id="delete_webhook",
    tag=_WEBHOOKS,
    summary="Delete a webhook",
    description="With its deliveries and its log.",
    answer=Deleted,
    refusals=_OWN,
)
ROTATE_SECRET = Operation(
    id="rotate_webhook_secret",
    tag=_WEBHOOKS,
    summary="Rotate the secret",
    description="A new secret, shown once. Both sign until the overlap ends, so that no delivery is refused.",
    body=RotateSecret,
    answer=WebhookWithSecret,
    refusals=_OWN | {409: ("rotation_in_progress",)},
    is_idempotent=True,
)
DELIVERY_LOG = Operation(
    id="list_webhook_attempts",
    tag=_WEBHOOKS,
    summary="Read the delivery log",
    description="What was sent, what was answered, and how long it took.",
    answer=DeliveryLog,
    refusals=_OWN,
)
REPLAY = Operation(
    id="replay_delivery",
    tag=_WEBHOOKS,
    summary="Send a delivery again",
    description="Under the same id, so that a receiver that has it can tell.",
    answer=Sent,
    refusals=_OWN | {404: ("unknown_webhook", "unknown_delivery")},
    is_idempotent=True,
)
RECOVER = Operation(
    id="recover_deliveries",
    tag=_WEBHOOKS,
    summary="Send again what failed",
    body=Recover,
    answer=Sent,
    refusals=_OWN,
    is_idempotent=True,
)
TEST_WEBHOOK = Operation(
    id="test_webhook",
    tag=_WEBHOOKS,
    summary="Send a test event",
    description="A `webhook.test`, whatever types the endpoint listens to.",
    answer=Sent,
    refusals=_OWN,
    is_idempotent=True,
)
