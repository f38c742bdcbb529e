"""The language-model engine against a real HTTP service on loopback: streaming, tools, and every way to fail."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from server.agents.engines.chat import OpenAIEngine
from server.agents.engines.chat_stream import ChatLimits
from server.agents.port import Spoken, Utterance
from server.kit.clock import SystemClock
from tests.fakes.agent_line import AgentLine, FakeKnowledge, brief
from tests.fakes.chat_service import ChatService, Reply
from tests.fakes.clock import FakeClock
from tests.fakes.fake_speech import FakeSpeech

OPENING = "We open at nine."
WAIT_S = 60
PATIENT = ChatLimits(connect_s=60, first_token_s=60, total_s=90)
HASTY = ChatLimits(connect_s=60, first_token_s=1, total_s=90)


@pytest.fixture
async def service() -> AsyncIterator[ChatService]:
    async with ChatService() as service:
        yield service


@pytest.fixture
def knowledge() -> FakeKnowledge:
    return FakeKnowledge({"open": OPENING})


@pytest.fixture
def limits(request: pytest.FixtureRequest) -> ChatLimits:
    return getattr(request, "param", PATIENT)


@pytest.fixture
async def engine(service: ChatService, limits: ChatLimits) -> AsyncIterator[OpenAIEngine]:
    engine = OpenAIEngine(service.url, service.key, service.model, FakeSpeech(), SystemClock(), limits=limits)
    yield engine
    await engine.close()


@pytest.fixture
async def line(engine: OpenAIEngine, knowledge: FakeKnowledge, clock: FakeClock) -> AsyncIterator[AgentLine]:
    history = [Utterance("agent", "Hello."), Utterance("user", "My name is Ada.")]
    line = AgentLine(engine, brief(knowledge, history=history), clock)
    line.session.start(voice=False)
    yield line
    await line.session.close()


async def ask(line: AgentLine, text: str) -> None:
    """Write `text` and wait, in real time, until the agent is done."""
    line.session.hear_text(text)
    clock = SystemClock()
    async with asyncio.timeout(WAIT_S):
        while line.states()[-1] != "listening":
            await clock.sleep(0.01)


async def test_the_model_gets_instructions_passages_and_history(line: AgentLine, service: ChatService) -> None:
    service.script.append(Reply("From nine on, Ada."))
    await ask(line, "When do you open?")
    assert line.texts("agent") == ["From nine on, Ada."]
    assert service.problems == []
    system, *said = service.requests[0]["messages"]
    assert "You are Léa" in system["content"]
    assert "English" in system["content"]
    assert OPENING in system["content"]
    assert [(message["role"], message["content"]) for message in said] == [
        ("assistant", "Hello."),
        ("user", "My name is Ada."),
        ("user", "When do you open?"),
    ]
    assert {tool["function"]["name"] for tool in service.requests[0]["tools"]} == {
        "search_knowledge",
        "hand_off_to_person",
        "end_conversation",
    }
    assert line.notices() == []


async def test_the_history_goes_on_and_stays_bounded(line: AgentLine, service: ChatService) -> None:
    for number in range(30):
        service.script.append(Reply(f"Answer {number}."))
        await ask(line, f"Question {number}?")
    messages = service.requests[-1]["messages"]
    assert len(messages) == 1 + 20 + 1
    assert messages[-3:] == [
        {"role": "user", "content": "Question 28?"},
        {"role": "assistant", "content": "Answer 28."},
        {"role": "user", "content": "Question 29?"},
    ]


async def test_sentences_are_shown_before_the_reply_is_complete(line: AgentLine, service: ChatService) -> None:
    service.script.append(Reply("First one. And a second one.", stall_at=6))
    line.session.hear_text("Tell me two things")
    clock = SystemClock()
    shown: list[str] = []
    for _ in range(3_000):
        shown = [event.text for event in line.events if isinstance(event, Spoken) and event.role == "agent"]
        if shown:
            break
        await clock.sleep(0.01)
    assert shown == ["First one."]


async def test_the_search_tool_is_used_and_its_result_returned(
    line: AgentLine, service: ChatService, knowledge: FakeKnowledge
) -> None:
    service.script.append(Reply(calls=[("search_knowledge", json.dumps({"question": "open hours"}))]))
    service.script.append(Reply("At nine."))
    await ask(line, "Early?")
    assert line.texts("agent") == ["At nine."]
    assert knowledge.asked == ["Early?", "open hours"]
    call, result = service.requests[1]["messages"][-2:]
    assert call["tool_calls"][0]["function"]["name"] == "search_knowledge"
    assert OPENING in result["content"]
    assert service.problems == []


async def test_a_person_is_offered(line: AgentLine, service: ChatService) -> None:
    service.script.append(Reply(calls=[("hand_off_to_person", "{}")]))
    service.script.append(Reply("Please ask at the shop desk."))
    await ask(line, "I want a human")
    assert line.texts("agent") == ["Please ask at the shop desk."]
    assert line.notices() == ["handoff_offered"]


async def test_the_model_ends_the_conversation(line: AgentLine, service: ChatService) -> None:
    service.script.append(Reply("Goodbye, Ada!", calls=[("end_conversation", "{}")]))
    await ask(line, "Bye")
    assert line.texts("agent") == ["Goodbye, Ada!"]
    assert line.endings() == ["goodbye"]
    assert len(service.requests) == 1


async def test_ending_without_a_word_still_says_goodbye(line: AgentLine, service: ChatService) -> None:
    service.script.extend([Reply(calls=[("end_conversation", "{}")]), Reply("")])
    await ask(line, "Bye")
    assert line.texts("agent") == ["Goodbye, and have a nice day!"]
    assert line.endings() == ["goodbye"]


@pytest.mark.parametrize("call", [("search_knowledge", "{broken"), ("search_knowledge", "[]"), ("launch_rocket", "{}")])
async def test_a_wrong_tool_call_is_answered_with_an_error(
    line: AgentLine, service: ChatService, call: tuple[str, str]
) -> None:
    service.script.extend([Reply(calls=[call]), Reply("Sorry.")])
    await ask(line, "Hm?")
    assert line.texts("agent") == ["Sorry."]
    assert "error" in service.requests[1]["messages"][-1]["content"]


async def test_a_model_that_only_uses_tools_is_stopped(line: AgentLine, service: ChatService) -> None:
    again = Reply(calls=[("search_knowledge", '{"question": "open"}')])
    service.script.extend([again, again, again])
    await ask(line, "When do you open?")
    assert line.texts("agent") == [OPENING], "the built-in answer"
    assert line.notices() == ["engine_fallback"]
    assert "tools" not in service.requests[2]


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(Reply(status=500), id="error"),
        pytest.param(Reply(status=401), id="refused"),
        pytest.param(Reply(status=429), id="too many"),
        pytest.param(Reply("Some text", garbage=True), id="not json"),
        pytest.param(Reply("Some text", break_at=2), id="broken off"),
        pytest.param(Reply(""), id="nothing said"),
    ],
)
async def test_every_failure_falls_back_to_the_built_in_answer(
    line: AgentLine, service: ChatService, reply: Reply
) -> None:
    service.script.append(reply)
    await ask(line, "When do you open?")
    assert line.texts("agent") == [OPENING]
    assert line.notices() == ["engine_fallback"]
    assert len(service.requests) == 1, "no retries: the visitor is waiting"


@pytest.mark.slow
@pytest.mark.parametrize("limits", [HASTY], indirect=True)
@pytest.mark.parametrize(
    "reply",
    [pytest.param(Reply(stall_at=-1), id="no headers"), pytest.param(Reply("Some text", stall_at=0), id="no token")],
)
async def test_a_service_that_says_nothing_is_not_waited_for(
    line: AgentLine, service: ChatService, reply: Reply
) -> None:
    service.script.append(reply)
    await ask(line, "When do you open?")
    assert line.texts("agent") == [OPENING]
    assert line.notices() == ["engine_fallback"]


async def test_an_absent_service_falls_back(knowledge: FakeKnowledge, clock: FakeClock) -> None:
    async with ChatService() as gone:
        url = gone.url
    engine = OpenAIEngine(url, None, "m", FakeSpeech(), SystemClock())
    line = AgentLine(engine, brief(knowledge), clock)
    line.session.start(voice=False)
    await ask(line, "When do you open?")
    assert line.texts("agent")[-1] == OPENING
    assert line.notices() == ["engine_fallback"]
    await line.session.close()
    await engine.close()


async def test_closing_while_the_model_writes_leaves_nothing(
    engine: OpenAIEngine, service: ChatService, knowledge: FakeKnowledge, clock: FakeClock
) -> None:
    service.script.append(Reply("Some text", stall_at=1))
    line = AgentLine(engine, brief(knowledge), clock)
    line.session.start(voice=False)
    line.session.hear_text("When?")
    for _ in range(100):
        if service.requests:
            break
        await SystemClock().sleep(0.01)
    await line.session.close()
    assert line.texts("agent") == ["Hello, welcome to the shop."]
