"""What a widget may ask for: open a visit, connect its sound, write, come back to it, end it, rate it."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from server.agents.port import AgentProfile
from server.browser import IceServers
from server.calls.control import MAX_TEXT_CHARACTERS, Outgoing, message_body
from server.calls.conversation import LiveConversation
from server.calls.registry import Admission, LiveConversations
from server.conversations import Conversations, NewConversation
from server.kit.errors import InvalidInput, Unavailable
from server.sessions import OpenedSession, WidgetSession, WidgetSessions
from server.tenants.credentials import ConsentPolicy, WidgetTarget
from server.widgets import CONSENT, WidgetOptions

LANGUAGES = ("fr", "en", "es", "ar", "ary")
DEFAULT_LANGUAGE = "fr"  # the published document's default


@dataclass(frozen=True)
class Wish:
    """What the page asks for when it opens a visit."""

    mode: Literal["voice", "text"]
    language: str | None = None
    offer: str | None = field(default=None, repr=False)
    consent_version: str | None = None
    greeting: str | None = None
    page: dict[str, str] = field(default_factory=dict, repr=False)
    metadata: dict[str, str] = field(default_factory=dict, repr=False)


class VoiceReadiness(Protocol):
    """Whether an agent can hear and speak a language."""

    def is_expected(self, language: str) -> bool:
        """Now, or as soon as the engines have loaded."""
        ...

    async def is_ready(self, language: str) -> bool:
        """Now; waits a little while engines load."""
        ...


class WidgetVisits:
    """The application service behind the widget's routes and sockets."""

    def __init__(
        self,
        sessions: WidgetSessions,
        conversations: Conversations,
        live: LiveConversations,
        voice: VoiceReadiness,
        ice: IceServers,
        options: WidgetOptions,
    ) -> None:
        self._sessions = sessions
        self._conversations = conversations
        self._live = live
        self._voice = voice
        self._ice = ice
        self._options = options

    async def config(self, target: WidgetTarget, language: str | None) -> Outgoing:
        """What a page needs to draw the panel and to offer a connection."""
        agent = target.agent
        chosen = _language(language, agent)
        options = await self._options.of(target.tenant_id)
        consent = _consent(target, options)
        return {
            "agent": {"slug": agent.slug, "name": agent.name, "avatar_url": target.avatar_url},
            "language": chosen,
            "languages": list(LANGUAGES),
            "greeting": options.get("greeting") or agent.greeting,
            "voice": not target.text_only and self._voice.is_expected(chosen),
            "consent": {
                "required": consent.required,
                "version": consent.version,
                "text": consent.text,
            },
            "handoff": {"label": agent.handoff_label or agent.handoff_url, "url": agent.handoff_url}
            if agent.handoff_url
            else None,
            **self._ice.before_answer(),
            "limits": {"text_characters": MAX_TEXT_CHARACTERS},
            "options": {name: value for name, value in options.items() if name not in CONSENT},
        }

    async def open(self, target: WidgetTarget, wish: Wish, origin: str, client_ip: str) -> Outgoing:
        """A new session and conversation, connected at once when the page sent an offer."""
        language = _language(wish.language, target.agent)
        if wish.mode == "voice":
            await self._require_voice(target.text_only, language)
            if wish.offer is None:
                raise InvalidInput("invalid_sdp", "A voice session needs an SDP offer.")
        consent = _consent(target, await self._options.of(target.tenant_id))
        opened = await self._sessions.open(
            dataclasses.replace(target, consent=consent),
            origin=origin,
            client_ip=client_ip,
            consent_version=wish.consent_version,
            language=language,
            metadata=wish.metadata,
            begin=lambda session, uid: self._conversations.start_within(
                session, _conversation(uid, target, wish, origin, language)
            ),
        )
        try:
            live, answer = await self._begin(target, wish, opened, language)
        except BaseException:  # also when the page is gone: nobody else has the session's token
            await self._sessions.end(opened.uid, "server")
            await self._conversations.end(opened.conversation_uid, "server")
            raise
        return {
            "session": _session_body(opened),
            "conversation": await self._conversation_body(live.uid, live),
            "answer": answer,
            **(self._ice.with_answer(opened.uid) if answer else {}),
            "config": await self.config(target, language),
        }

    async def connect(self, session: WidgetSession, offer: str) -> Outgoing:
        """A new peer connection for a session that exists."""
        await self._require_voice(session.target.text_only, session.language)
        live = await self.resume(session)
        return {
            "answer": await live.connect(offer),
            **self._ice.with_answer(session.uid),
            "conversation": await self._conversation_body(live.uid, live),
        }

    async def current(self, session: WidgetSession) -> Outgoing:
        """What a freshly loaded page needs to go on, with a new token."""
        live = await self.resume(session)
        renewed = await self._sessions.renew(session)
        return {
            "session": _session_body(renewed),
            "conversation": await self._conversation_body(live.uid, live),
            "config": await self.config(session.target, session.language),
        }

    async def resume(self, session: WidgetSession) -> LiveConversation:
        """The live conversation of `session`, brought back from the database if need be."""
        return await self._live.find(
            Admission(
                session_uid=session.uid,
                conversation_uid=session.conversation_uid,
                tenant_id=session.tenant_id,
                agent=session.target.agent,
                language=session.language,
                metadata=session.metadata,
            )
        )

    async def write(self, session: WidgetSession, client_id: str, text: str) -> list[Outgoing]:
        """The visitor's message and the agent's answer."""
        live = await self.resume(session)
        await live.greet_in_text()
        return await live.ask(client_id, text)

    async def end(self, session: WidgetSession) -> Outgoing:
        """Hang up. Ending what has ended changes nothing."""
        live = self._live.present(session.conversation_uid)
        if live is not None:
            await live.end("visitor")
        else:
            await self._conversations.end(session.conversation_uid, "visitor")
            await self._sessions.end(session.uid, "visitor")
        return {"conversation": await self._conversation_body(session.conversation_uid, live)}

    async def rate(self, session: WidgetSession, score: int, comment: str | None) -> None:
        await self._conversations.rate(session.conversation_uid, score, comment)

    async def _begin(
        self, target: WidgetTarget, wish: Wish, opened: OpenedSession, language: str
    ) -> tuple[LiveConversation, str | None]:
        """The conversation of a session just opened, and the answer to the page's offer."""
        options = await self._options.of(target.tenant_id)
        greeting = wish.greeting or str(options.get("greeting") or "") or target.agent.greeting
        live = await self._live.find(
            Admission(
                session_uid=opened.uid,
                conversation_uid=opened.conversation_uid,
                tenant_id=target.tenant_id,
                agent=dataclasses.replace(target.agent, greeting=greeting),
                language=language,
                metadata=wish.metadata,
                is_new=True,
            )
        )
        try:
            if wish.offer is not None:
                return live, await live.connect(wish.offer)
            await live.greet_in_text()
        except BaseException:
            await live.end("server")
            raise
        return live, None

    async def _conversation_body(self, uid: str, live: LiveConversation | None) -> Outgoing:
        stored, messages = await self._conversations.read(uid)
        return {
            "id": uid,
            "state": stored.state,
            "mode": "voice" if live is not None and live.has_voice else stored.mode,
            "reason": stored.ended_reason,
            "messages": [message_body(message) for message in messages],
        }

    async def _require_voice(self, text_only: bool, language: str) -> None:
        if text_only or not await self._voice.is_ready(language):
            raise Unavailable("voice_unavailable", "This agent cannot speak right now. Write instead.")


def _conversation(uid: str, target: WidgetTarget, wish: Wish, origin: str, language: str) -> NewConversation:
    return NewConversation(
        uid=uid,
        tenant_id=target.tenant_id,
        agent_uid=target.agent.uid,
        mode=wish.mode,
        language=language,
        origin=origin,
        consent_version=wish.consent_version,
        page=wish.page,
    )


def _consent(target: WidgetTarget, options: Mapping[str, object]) -> ConsentPolicy:
    """What a visitor has to agree to: the text the tenant set for its widget, otherwise the agent's."""
    text, version = (str(options.get(name) or "") for name in CONSENT)
    return ConsentPolicy(target.consent.required, version, text) if text else target.consent


def _language(asked: str | None, agent: AgentProfile) -> str:
    """The page's language if the product speaks it (`fr-CA` counts as `fr`), otherwise the agent's."""
    primary = (asked or "").partition("-")[0].lower()
    return primary if primary in LANGUAGES else (agent.language or DEFAULT_LANGUAGE)


def _session_body(opened: OpenedSession) -> dict[str, Any]:
    return {
        "id": opened.uid,
        "token": opened.token,
        "expires_at": opened.expires_at.isoformat().replace("+00:00", "Z"),
        "resume_s": opened.resume_s,
    }
