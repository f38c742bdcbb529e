"""Calls on /api/v1: the bodies that are read, the answers that are given, and the operations between them."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from server.calls.filters import PAGE
from server.web.openapi.operation import Answered, Asked, Moment, Operation, PhoneNumber

_Number = Annotated[str, Field(min_length=1, max_length=40)]
_Origins = Annotated[
    list[str],
    Field(max_length=10, description="Pages that may show the frame; none given: those of the project."),
]
_DIALLING = ("daily_spend_reached", "dialling_too_fast", "destination_too_often", "destination_spend_reached")
_CALL = {403: ("foreign_call",), 404: ("unknown_call",)}
_CALLS, _AGENTS = "Calls", "Agents"


class Initiate(Asked):
    """The call to start. AI calls need `agent_id`, bridges by phone `inbound_phone_number`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"call_type": "bridge", "vendeur_mode": "browser", "recipient_phone_number": "+33612345678"},
                {
                    "agent_id": 1533,
                    "recipient_phone_number": "+33612345678",
                    "enable_recording": True,
                    "enable_transcription": True,
                    "enable_analysis": True,
                },
            ]
        }
    )

    recipient_phone_number: _Number = Field(description="Whom to call, in the international form.")
    call_type: Literal["bridge", "ai"] | None = Field(
        None, description="`bridge`: two people. `ai`, or nothing: one of your agents calls."
    )
    vendeur_mode: Literal["browser"] | None = Field(
        None, description="In a bridge: your side speaks in a browser, not by phone."
    )
    agent_id: int | str | None = Field(None, description="The agent that calls: its id, uid or slug.")
    inbound_phone_number: _Number | None = Field(
        None,
        description="Bridge by phone: the line of your side, which rings first. AI call: your number that is shown.",
    )
    caller_id: _Number | None = Field(
        None, description="Bridge: the number shown to the client, one of the project. Nothing: its oldest."
    )
    language: Literal["fr", "en", "es", "ar", "ary"] | None = Field(None, description="Nothing: that of the agent.")
    enable_recording: bool | None = Field(None, description="Nothing: true for a bridge, else as the agent is set.")
    enable_transcription: bool | None = Field(None, description="Nothing: true for a bridge, else as the agent is set.")
    enable_analysis: bool | None = Field(
        None,
        description="Nothing: true for a bridge, else as the agent is set. It needs the words: transcription is on.",
    )
    recipient_name: Annotated[str, Field(max_length=120)] | None = Field(
        None, description="Shown to your agent while the call rings."
    )
    external_id: Annotated[str, Field(max_length=120)] | None = Field(None, description="Your own id of the matter.")


class Started(Answered):
    """The call was begun."""

    status: Literal["success"]
    phone_call_id: int = Field(examples=[90210])
    telephony_ref: str = Field(description="The call as the phone network knows it.", examples=["CA5f0c…"])
    cable_token: str = Field(description="Opens the live transcript of this call on `/cable`.")


class HungUp(Answered):
    """The call is over, or was before."""

    status: Literal["success"]
    phone_call_id: int
    call_status: str = Field(examples=["completed"])


class AddMonitor(Asked):
    """The supervisor to ring."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"supervisor_phone": "+33612345679"}]})

    supervisor_phone: _Number = Field(description="In the international form. Who answers hears, and is not heard.")


class MonitorAdded(Answered):
    """The supervisor's phone rings."""

    status: Literal["success"]
    phone_call_id: int
    call_status: str = Field(examples=["in-progress"])
    participant_id: str


class EmbedSession(Asked):
    """Who will open the softphone."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"role": "agent"}]})

    role: str | None = Field(
        None,
        description="`agent`: controls the call, which is dialled when they connect. `talk`: one more person. "
        "`listen`, or nothing: hears only.",
        json_schema_extra={"enum": ["agent", "talk", "listen", None]},
    )
    allowed_origins: _Origins = []


class SoftphoneLink(Answered):
    """A link that opens a softphone once."""

    embed_url: str = Field(description='The `src` of an iframe with `allow="microphone; autoplay"`.')
    role: Literal["agent", "talk", "listen"]
    expires_in: int = Field(description="Seconds within which the link has to be opened.", examples=[300])


class PlayerSession(Asked):
    """Nothing is needed."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})

    allowed_origins: _Origins = []


class PlayerLink(Answered):
    """A link that opens a player once."""

    player_url: str = Field(description="The `src` of an iframe.")
    embed_url: str = Field(description="The same address.")
    expires_in: int = Field(description="Seconds within which the link has to be opened.", examples=[300])


class Agent(Answered):
    """An AI agent that the project may use."""

    id: int = Field(examples=[1533])
    uid: str
    slug: str
    name: str
    language: str
    active: bool


class Verdict(Answered):
    """What the call amounted to."""

    summary: str | None
    status: str | None = Field(description="`fulfilled`, `follow_up`, `not_interested` or `no_conversation`.")
    interest_level: int | None = Field(description="1 to 10.")


class CallData(Answered):
    """A call, as webhooks tell it too."""

    id: int = Field(examples=[90210])
    status: str = Field(
        description="`initiated`, `ringing`, `in-progress`, `completed`, `busy`, `no-answer`, `failed`, `canceled` "
        "or `error`.",
        examples=["completed"],
    )
    duration: int = Field(description="Whole seconds from answer to end.", examples=[50])
    cost: float = Field(examples=[0.12])
    direction: str = Field(description="`inbound` or `outbound`.")
    from_: PhoneNumber | None = Field(alias="from")
    to: PhoneNumber
    relay_number: PhoneNumber | None = Field(description="The relay number the call came to.")
    recording_url: str | None = Field(description="An MP3, good for an hour; null while there is none.")
    transcription: str | None = Field(description="A line a segment; null while there is none, or when truncated.")
    transcription_url: str | None = Field(
        None, description="Only with `truncated`: where all the words are, with a project token."
    )
    truncated: bool | None = Field(None, description="True when the words are longer than 64 kB.")
    analysis: Verdict | None
    livemode: bool | None = Field(None, description="Only on calls of a test key: false. They are simulated, and free.")


class PhoneCall(CallData):
    """A call with what it left behind so far."""

    uid: str
    call_type: str = Field(description="`bridge`, `ai` or `relay`.")
    telephony_ref: str
    created_at: Moment


class CallsQuery(BaseModel):
    """Which calls, and which page of them; a name that is not known is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")  # in an address everything is text

    limit: int = Field(PAGE, ge=1, le=100)
    offset: int = Field(0, ge=0, le=2**53)
    status: (
        Literal["initiated", "ringing", "in-progress", "completed", "busy", "no-answer", "failed", "canceled", "error"]
        | None
    ) = None
    call_type: Literal["bridge", "ai", "relay"] | None = None
    direction: Literal["inbound", "outbound"] | None = None
    created_after: AwareDatetime | None = Field(None, description="With its offset from UTC; itself included.")
    created_before: AwareDatetime | None = Field(None, description="With its offset from UTC; itself not included.")


class AgentsQuery(CallsQuery):
    """Which of the two lists, and which calls."""

    only: Literal["agents", "calls"] | None = Field(None, description="Leaves the other list out.")


class AgentsAndCalls(Answered):
    """Your agents, and your latest calls; `only` leaves one of them out."""

    agents: list[Agent] | None = None
    calls: list[PhoneCall] | None = Field(None, description="A page of them, newest first.")
    total: int | None = Field(None, description="How many calls are as asked for.")


class Agents(Answered):
    """Your agents."""

    agents: list[Agent]


class PhoneCalls(Answered):
    """A page of calls, newest first."""

    calls: list[PhoneCall]
    total: int = Field(description="How many are as asked for, on all pages.")


class CableToken(Answered):
    """What opens the live transcript."""

    phone_call_id: int
    cable_token: str


INITIATE = Operation(
    id="initiate_call",
    tag=_CALLS,
    summary="Start a call",
    description="Starts a call by one of your AI agents, or a bridge between two people. Results go to your webhooks; "
    "`cable_token` opens the live transcript.",
    body=Initiate,
    answer=Started,
    status=201,
    refusals={
        403: ("foreign_agent",),
        404: ("unknown_agent",),
        422: ("invalid_phone_number", "destination_not_allowed", "caller_id_refused"),
        429: ("concurrency_limit_reached", *_DIALLING),
        503: ("server_stopping",),
    },
    is_idempotent=True,
)
HANG_UP = Operation(
    id="hang_up_call",
    tag=_CALLS,
    summary="Hang up",
    description="Ends the call for everybody. Ending a call that is over changes nothing.",
    answer=HungUp,
    refusals=_CALL,
)
ADD_MONITOR = Operation(
    id="add_monitor",
    tag=_CALLS,
    summary="Let a supervisor listen by phone",
    description="Rings a supervisor into the call, who hears everybody and is heard by nobody.",
    body=AddMonitor,
    answer=MonitorAdded,
    refusals=_CALL | {422: ("invalid_phone_number", "destination_not_allowed", "invalid_call_state"), 429: _DIALLING},
    is_idempotent=True,
)
EMBED_SESSION = Operation(
    id="create_embed_session",
    tag=_CALLS,
    summary="Open a softphone",
    description="A signed link for an iframe: the softphone of your agent, of one more person, or of a listener.",
    body=EmbedSession,
    answer=SoftphoneLink,
    refusals=_CALL | {422: ("wrong_role", "invalid_call_state")},
    is_idempotent=True,
)
PLAYER_SESSION = Operation(
    id="create_player_session",
    tag=_CALLS,
    summary="Open a player",
    description="A signed link for an iframe that plays the recording with its transcript. The call may still go on.",
    body=PlayerSession,
    answer=PlayerLink,
    refusals=_CALL,
    is_idempotent=True,
)
LIST_AGENTS_AND_CALLS = Operation(
    id="list_agents_and_calls",
    tag=_AGENTS,
    summary="List your agents, and your latest calls",
    query=AgentsQuery,
    answer=AgentsAndCalls,
    refusals={422: ("invalid_request",)},
)
LIST_AGENTS = Operation(id="list_agents", tag=_AGENTS, summary="List your agents", answer=Agents)
LIST_PHONE_CALLS = Operation(
    id="list_phone_calls",
    tag=_CALLS,
    summary="List your calls",
    query=CallsQuery,
    answer=PhoneCalls,
    refusals={422: ("invalid_request",)},
)
GET_PHONE_CALL = Operation(
    id="get_phone_call",
    tag=_CALLS,
    summary="Read one call",
    description="As it stands now, with what it left behind so far: recording, words, analysis.",
    answer=PhoneCall,
    refusals=_CALL,
)
GET_TRANSCRIPT = Operation(
    id="get_transcript",
    tag=_CALLS,
    summary="Read all words of a call",
    description="As plain text, a line a segment, however long.",
    refusals=_CALL | {404: ("unknown_call", "no_transcript")},
)
CABLE_TOKEN = Operation(
    id="create_cable_token",
    tag=_CALLS,
    summary="Open the live transcript",
    description="A fresh token for `/cable`, for calls your backend did not start itself.",
    answer=CableToken,
    refusals=_CALL,
    is_idempotent=True,
)
