"""The engine for language models: any OpenAI-compatible chat endpoint, with the built-in answers behind it."""

import contextlib
import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from openai import AsyncOpenAI, Timeout
from openai.types.chat import ChatCompletionAssistantMessageParam, ChatCompletionMessageParam

from server.agents.answering import AnswerPart, Farewell, FellBack, HandOff, Responder, Say, Turn
from server.agents.engines.chat_prompt import END, HAND_OFF, SEARCH, messages_for, passages_as_text, tools_for
from server.agents.engines.chat_stream import ChatBroke, ChatLimits, ChatReply, Patience, ToolCall
from server.agents.knowledge_answers import KnowledgeResponder
from server.agents.phrases import phrases_for
from server.agents.port import Announce, Brief
from server.agents.sentences import SentenceStream
from server.agents.session import ConversationSession, Tuning
from server.agents.speech_source import SpeechSource
from server.kit.clock import Clock
from server.kit.log import logger

_log = logger(__name__)
_ROUNDS = 3  # requests for one answer; in the last one no tool is offered
_QUESTION_MAX_CHARS = 500
_NO_KEY = "none"  # local servers want no key, the library wants one


class OpenAIEngine:
    """An AgentEngine over `base_url` (…/v1). close() gives its connections back."""

    name = "openai"

    def __init__(
        self,
        base_url: str,
        api_key: str | None,
        model: str,
        source: SpeechSource,
        clock: Clock,
        *,
        limits: ChatLimits | None = None,
        tuning: Tuning | None = None,
    ) -> None:
        self._limits = limits or ChatLimits()
        # No retries: the visitor is waiting, and the built-in answer is there at once.
        self._client = AsyncOpenAI(
            base_url=base_url,
            api_key=api_key or _NO_KEY,
            max_retries=0,
            timeout=Timeout(self._limits.total_s, connect=self._limits.connect_s),
        )
        self._model = model
        self._source = source
        self._clock = clock
        self._tuning = tuning

    def open(self, brief: Brief, announce: Announce) -> ConversationSession:
        """See AgentEngine.open."""
        responder = ChatResponder(brief, self._client, self._model, self._limits, KnowledgeResponder(brief))
        return ConversationSession(brief, announce, responder, self._source, self._clock, self._tuning)

    async def close(self) -> None:
        await self._client.close()


@dataclass
class _Outcome:
    """What the tools of one answer decided."""

    offered_person: bool = False
    ended: bool = False
    said: bool = False


class ChatResponder:
    """A Responder that asks the model, and `fallback` when the model fails in any way."""

    def __init__(self, brief: Brief, client: AsyncOpenAI, model: str, limits: ChatLimits, fallback: Responder) -> None:
        self._brief = brief
        self._client = client
        self._model = model
        self._limits = limits
        self._fallback = fallback
        self._phrases = phrases_for(brief.language, brief.agent)

    async def answer(self, turn: Turn) -> AsyncGenerator[AnswerPart, None]:
        """See Responder. Raises only what the fallback raises."""
        try:
            async with contextlib.aclosing(self._ask_model(turn)) as parts:
                async for part in parts:
                    yield part
        except Exception as failure:  # noqa: BLE001  # whatever it is, the visitor gets an answer
            status = getattr(failure, "status_code", None)
            _log.warning("chat model failed", model=self._model, reason=type(failure).__name__, status=status)
        else:
            return
        yield FellBack()
        async with contextlib.aclosing(self._fallback.answer(turn)) as parts:
            async for part in parts:
                yield part

    async def _ask_model(self, turn: Turn) -> AsyncGenerator[AnswerPart, None]:
        found = await self._brief.knowledge.search(turn.text)
        messages = messages_for(self._brief, self._phrases, turn, found)
        tools = tools_for(self._phrases)
        patience = Patience(self._limits)
        outcome = _Outcome()
        for attempt in range(_ROUNDS):
            is_last = attempt == _ROUNDS - 1
            reply = ChatReply(self._client, self._model, patience)
            written: list[str] = []
            async with contextlib.aclosing(reply.text(messages, () if is_last else tools)) as pieces:
                async for sentence in _sentences(pieces, written):
                    outcome.said = True
                    yield Say(sentence)
            if not reply.calls or (outcome.ended and outcome.said):
                break
            messages.append(_calls_message("".join(written), reply.calls))
            for call in reply.calls:
                result = await self._use(call, outcome)
                messages.append({"role": "tool", "tool_call_id": call.id, "content": result})
            if outcome.said and (outcome.ended or outcome.offered_person):
                break
        for part in self._closing(outcome):
            yield part

    def _closing(self, outcome: _Outcome) -> list[AnswerPart]:
        """What follows the model's words."""
        parts: list[AnswerPart] = []
        if not outcome.said:
            if not outcome.ended and not outcome.offered_person:
                raise ChatBroke("the model said nothing")
            parts.append(Say(self._phrases.goodbye if outcome.ended else self._phrases.handoff))
        if outcome.offered_person:
            parts.append(HandOff())
        if outcome.ended:
            parts.append(Farewell())
        return parts

    async def _use(self, call: ToolCall, outcome: _Outcome) -> str:
        """The tool's result, as the model reads it."""
        if call.name == SEARCH:
            question = _question(call.arguments)
            if question is None:
                return '{"error": "the argument \\"question\\" is missing"}'
            return passages_as_text(await self._brief.knowledge.search(question))
        if call.name == HAND_OFF and self._phrases.offer_person:
            outcome.offered_person = True
            return json.dumps({"tell_the_visitor": self._phrases.offer_person}, ensure_ascii=False)
        if call.name == END:
            outcome.ended = True
            return '{"ok": true, "say": "one short goodbye"}'
        return '{"error": "there is no such tool"}'


async def _sentences(pieces: AsyncGenerator[str, None], written: list[str]) -> AsyncGenerator[str, None]:
    """Whole sentences as early as possible; everything that came is added to `written`."""
    stream = SentenceStream()
    async for piece in pieces:
        written.append(piece)
        for sentence in stream.feed(piece):
            yield sentence
    for sentence in stream.finish():
        yield sentence


def _calls_message(text: str, calls: list[ToolCall]) -> ChatCompletionMessageParam:
    message: ChatCompletionAssistantMessageParam = {
        "role": "assistant",
        "content": text or None,
        "tool_calls": [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments or "{}"}}
            for call in calls
        ],
    }
    return message


def _question(arguments: str) -> str | None:
    try:
        question = json.loads(arguments).get("question")
    except (ValueError, AttributeError):
        return None
    return question[:_QUESTION_MAX_CHARS] if isinstance(question, str) and question.strip() else None
