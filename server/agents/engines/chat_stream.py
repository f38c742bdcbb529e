"""One streamed reply of a chat model: text as it comes, tool calls put together, every wait with a limit."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field

from openai import AsyncOpenAI
from openai.types.chat import ChatCompletionFunctionToolParam, ChatCompletionMessageParam
from openai.types.chat.chat_completion_chunk import ChatCompletionChunk, ChoiceDeltaToolCall

_ARGUMENTS_MAX_CHARS = 4_096
_CALLS_MAX = 8
_TEXT_MAX_CHARS = 4_000


class ChatBroke(Exception):
    """The service did not answer as the protocol says, or not in time. The message never holds what was said."""


@dataclass(frozen=True)
class ChatLimits:
    """Seconds. Only time spent waiting for the service counts."""

    connect_s: float = 5.0
    first_token_s: float = 6.0
    total_s: float = 30.0


class Patience:
    """What is left of `total_s` over all requests of one answer; each request must bring something in time."""

    def __init__(self, limits: ChatLimits) -> None:
        self._limits = limits
        self._left_s = limits.total_s
        self._first_left_s = limits.first_token_s

    def begin_request(self) -> None:
        self._first_left_s = self._limits.first_token_s

    def first_came(self) -> None:
        self._first_left_s = self._limits.total_s

    def wait(self) -> "_Wait":
        """`async with patience.wait():` around each await on the service. Raises ChatBroke when it is too long."""
        return _Wait(self, min(self._left_s, self._first_left_s))

    def spend(self, seconds: float) -> None:
        self._left_s -= seconds
        self._first_left_s -= seconds


class _Wait:
    def __init__(self, patience: Patience, limit_s: float) -> None:
        self._patience = patience
        self._timeout = asyncio.timeout(limit_s)
        self._since = 0.0

    async def __aenter__(self) -> None:
        self._since = asyncio.get_running_loop().time()
        await self._timeout.__aenter__()

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        self._patience.spend(asyncio.get_running_loop().time() - self._since)
        try:
            await self._timeout.__aexit__(kind, error, None)
        except TimeoutError as slow:
            raise ChatBroke("no answer in time") from slow


@dataclass
class ToolCall:
    """A tool the model wants used; complete when the reply has ended."""

    id: str = ""
    name: str = ""
    arguments: str = field(default="", repr=False)


class ChatReply:
    """One request. Consume text() to its end; then `calls` holds the tools to use."""

    def __init__(self, client: AsyncOpenAI, model: str, patience: Patience) -> None:
        self._client = client
        self._model = model
        self._patience = patience
        self._calls: dict[int, ToolCall] = {}

    @property
    def calls(self) -> list[ToolCall]:
        return [self._calls[index] for index in sorted(self._calls)]

    async def text(
        self,
        messages: Sequence[ChatCompletionMessageParam],
        tools: Sequence[ChatCompletionFunctionToolParam],
    ) -> AsyncGenerator[str, None]:
        """Pieces of text as they come. Raises ChatBroke, openai.OpenAIError, ValueError on what is not JSON."""
        self._patience.begin_request()
        length = 0
        async with self._patience.wait():
            if tools:
                stream = await self._client.chat.completions.create(
                    model=self._model, messages=list(messages), tools=list(tools), stream=True
                )
            else:
                stream = await self._client.chat.completions.create(
                    model=self._model, messages=list(messages), stream=True
                )
        async with stream:
            chunks = aiter(stream)
            finished = False
            while True:
                async with self._patience.wait():
                    chunk = await anext(chunks, None)
                if chunk is None:
                    break
                piece, finished_now = self._take(chunk)
                finished = finished or finished_now
                length += len(piece)
                if piece:
                    self._patience.first_came()
                    yield piece
                if length > _TEXT_MAX_CHARS:
                    return
            if not finished:
                raise ChatBroke("the reply broke off")

    def _take(self, chunk: ChatCompletionChunk) -> tuple[str, bool]:
        """The text in `chunk`, and whether the reply is complete."""
        if not chunk.choices:
            return "", False
        choice = chunk.choices[0]
        for call in choice.delta.tool_calls or ():
            self._patience.first_came()
            self._put_together(call)
        return choice.delta.content or "", choice.finish_reason is not None

    def _put_together(self, piece: ChoiceDeltaToolCall) -> None:
        if piece.index not in self._calls and len(self._calls) >= _CALLS_MAX:
            raise ChatBroke("too many tool calls")
        call = self._calls.setdefault(piece.index, ToolCall())
        call.id = piece.id or call.id
        if piece.function is not None:
            call.name = piece.function.name or call.name
            call.arguments += piece.function.arguments or ""
        if len(call.arguments) > _ARGUMENTS_MAX_CHARS:
            raise ChatBroke("a tool call is too long")
