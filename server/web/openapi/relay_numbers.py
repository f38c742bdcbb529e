"""Relay numbers on /api/v1: the bodies that are read, the answers that are given, and the operations between them."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from server.web.bodies import RequestBody
from server.web.openapi.operation import Answered, Asked, Moment, Operation, PhoneNumber

_Number = Annotated[str, Field(min_length=1, max_length=40)]
_Country = Annotated[str, Field(pattern=r"^[A-Za-z]{2}$", description="ISO, two letters.", examples=["US"])]
_Digits = Annotated[str, Field(pattern=r"^\+?[0-9]{1,15}$")]
_Type = Literal["local", "mobile", "toll_free"]
_OWN = {403: ("foreign_phone_number",), 404: ("unknown_phone_number",)}
_SETTINGS = ("invalid_phone_number", "destination_not_allowed", "forward_loop")
_NUMBERS = "Relay numbers"
_NAMES = {
    "forward_to": "forward_to",
    "relay_enabled": "relay_enabled",
    "agent_id": "agent",
    "enable_recording": "recording",
    "enable_transcription": "transcription",
    "enable_analysis": "analysis",
    "announce_recording": "announcement",
}


class NumbersQuery(RequestBody):
    """What a number must be like; what is not said does not matter."""

    country: _Country | None = None
    type: _Type | None = None
    area_code: _Digits | None = Field(None, description="Right after the country's code.", examples=["415"])
    contains: _Digits | None = Field(None, description="Digits anywhere in the number.", examples=["0123"])


class ChangeNumber(Asked):
    """What changes; the rest stays."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"forward_to": "+33700000000", "relay_enabled": True}]},
    )

    forward_to: _Number | None = Field(None, description="The telephone that rings; null: an AI agent answers.")
    relay_enabled: bool = Field(True, description="False: who calls hears that the number is paused, nobody is rung.")
    agent_id: int | Annotated[str, Field(max_length=80)] | None = Field(
        None, description="The agent that answers when nothing is forwarded: its id, uid or slug; null: the first one."
    )
    enable_recording: bool = Field(
        True,
        description="Of calls to this number. Say none of the three: all is kept of calls forwarded, else nothing.",
    )
    enable_transcription: bool = Field(True, description="Of calls to this number.")
    enable_analysis: bool = Field(True, description="Of calls to this number. It needs the words.")

    announce_recording: bool = Field(
        False, description="True: both sides of a forwarded call hear that it is recorded, before anything is."
    )

    def settings(self) -> dict[str, Any]:
        """Those that were given, as RelayNumbers takes them."""
        said = {_NAMES[name]: getattr(self, name) for name in self.model_fields_set & _NAMES.keys()}
        return said | ({"agent": str(said["agent"])} if said.get("agent") is not None else {})


class BuyNumber(ChangeNumber):
    """The number to buy, and how it is set up. With `forward_to` its calls are recorded, transcribed and judged."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"phone_number": "+14155550123", "forward_to": "+33612345678", "country": "US"}]
        },
    )

    phone_number: _Number = Field(description="One that a search found.")
    country: _Country | None = Field(None, description="Must be the number's, when it is given.")


class RelayNumber(Answered):
    """A number of yours."""

    id: int = Field(examples=[123])
    uid: str
    phone_number: PhoneNumber
    country: str | None
    type: _Type
    forward_to: PhoneNumber | None
    relay_enabled: bool
    sms_enabled: bool = Field(description="False: text messages to it are not delivered, and fire no event.")
    agent_id: str | None = Field(description="The uid of the agent that answers when nothing is forwarded.")
    enable_recording: bool
    enable_transcription: bool
    enable_analysis: bool
    announce_recording: bool
    created_at: Moment


class RelayNumbers(Answered):
    """Your numbers, oldest first."""

    relay_numbers: list[RelayNumber]


class OfferedNumber(Answered):
    """A number for sale."""

    phone_number: PhoneNumber
    country: str
    type: _Type
    area_code: str
    locality: str | None
    monthly_cost: float
    capabilities: list[Literal["voice", "sms"]]


class OfferedNumbers(Answered):
    """At most 30 that fit."""

    numbers: list[OfferedNumber]


class Released(Answered):
    """It is no longer yours."""

    status: Literal["success"]


LIST_NUMBERS = Operation(id="list_relay_numbers", tag=_NUMBERS, summary="List your numbers", answer=RelayNumbers)
SEARCH_NUMBERS = Operation(
    id="search_relay_numbers",
    tag=_NUMBERS,
    summary="Search numbers for sale",
    query=NumbersQuery,
    answer=OfferedNumbers,
    refusals={422: ("invalid_request",), 503: ("telephony_unavailable",)},
)
BUY_NUMBER = Operation(
    id="buy_relay_number",
    tag=_NUMBERS,
    summary="Buy a number",
    description="Calls to it ring `forward_to`, which is shown the relay number. Buying a number the project has sets "
    "it up anew.",
    body=BuyNumber,
    answer=RelayNumber,
    status=201,
    refusals={
        403: ("foreign_agent",),
        404: ("unknown_agent",),
        409: ("phone_number_taken",),
        422: (*_SETTINGS, "phone_number_not_for_sale"),
        429: ("too_many_phone_numbers",),
        503: ("telephony_unavailable",),
    },
    is_idempotent=True,
)
GET_NUMBER = Operation(id="get_relay_number", tag=_NUMBERS, summary="Read a number", answer=RelayNumber, refusals=_OWN)
CHANGE_NUMBER = Operation(
    id="change_relay_number",
    tag=_NUMBERS,
    summary="Forward elsewhere, or pause",
    body=ChangeNumber,
    answer=RelayNumber,
    refusals={
        403: ("foreign_phone_number", "foreign_agent"),
        404: ("unknown_phone_number", "unknown_agent"),
        422: _SETTINGS,
    },
)
RELEASE_NUMBER = Operation(
    id="release_relay_number",
    tag=_NUMBERS,
    summary="Give a number back",
    description="Who calls it then is told that nobody has it.",
    answer=Released,
    refusals=_OWN,
)
