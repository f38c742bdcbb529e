"""What webhooks are sent: the envelope, and the `data` of every type. Rows P-088 to P-095."""

from typing import Literal

from pydantic import Field

from server.web.openapi.calls import CallData
from server.web.openapi.operation import Answered, Moment, PhoneNumber


class CallEventData(CallData):
    """The call as it stood."""

    revision: int | None = Field(
        None, description="Of `completed`, which comes again as words, recording (2) and analysis (3) are ready."
    )
    cable_token: str | None = Field(
        None,
        description="Of `ringing`, `started` and `transferred`, for calls that came in: opens the live transcript.",
    )


class Segment(Answered):
    """What one side said in one breath, in an AI agent's call."""

    id: int = Field(description="The call.", examples=[90210])
    role: Literal["agent", "user"]
    content: str = Field(examples=["Hello, this is the workshop."])
    seq: int = Field(description="Rises within the call.")
    started_at: float = Field(description="Seconds from the beginning of the call.", examples=[1.24])
    ended_at: float = Field(examples=[3.02])
    final: Literal[True]


class TextMessage(Answered):
    """A short message that came to one of your numbers."""

    direction: Literal["inbound"]
    from_: PhoneNumber = Field(alias="from")
    to: PhoneNumber
    relay_number: PhoneNumber
    body: str = Field(examples=["Hello!"])


class TestData(Answered):
    """Nothing but a sign of life."""

    __test__ = False
    message: str


class DisabledData(Answered):
    """The endpoint that was given up."""

    id: int = Field(examples=[35])
    url: str = Field(examples=["https://example.com/hooks/phonevoice"])
    reason: str | None


class _Delivery(Answered):
    id: str = Field(description="Of this delivery; the same at every attempt and replay.", examples=["evt_…"])
    created_at: Moment


class CallEvent(_Delivery):
    """Something happened to a call."""

    type: str = Field(examples=["phone_call.completed"])
    data: CallEventData


class TranscriptEvent(_Delivery):
    """Something was said in an AI agent's call."""

    type: Literal["phone_call.transcript"]
    data: Segment


class TextMessageEvent(_Delivery):
    """A short message came."""

    type: Literal["sms.received"]
    data: TextMessage


class TestEvent(_Delivery):
    """You asked for a test."""

    __test__ = False
    type: Literal["webhook.test"]
    data: TestData


class DisabledEvent(_Delivery):
    """We stopped sending to one of your endpoints; the others are told."""

    type: Literal["webhook.disabled"]
    data: DisabledData


EVENTS: dict[str, tuple[str, type[_Delivery]]] = {
    "phone_call.ringing": ("The other side's phone rings.", CallEvent),
    "phone_call.started": ("The call connects: two sides can talk.", CallEvent),
    "phone_call.transferred": ("The call was passed on to somebody else.", CallEvent),
    "phone_call.completed": (
        "The call ended. It comes again when recording and words, then analysis, are ready.",
        CallEvent,
    ),
    "phone_call.busy": ("The other side was busy.", CallEvent),
    "phone_call.no-answer": ("Nobody answered.", CallEvent),
    "phone_call.failed": ("The network could not connect the call.", CallEvent),
    "phone_call.canceled": ("The call was given up before anybody answered.", CallEvent),
    "phone_call.error": ("A fault of ours ended the call.", CallEvent),
    "phone_call.transcript": ("Something was said in an AI agent's call, as it is said.", TranscriptEvent),
    "sms.received": ("A short message came to one of your numbers.", TextMessageEvent),
    "webhook.disabled": ("Another endpoint of the project was given up.", DisabledEvent),
    "webhook.test": ("You asked for a test.", TestEvent),
}
"""Type -> when it is sent, and what it holds."""
