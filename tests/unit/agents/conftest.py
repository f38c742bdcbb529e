"""What the agents' tests share: speech without models, a little knowledge, and a line that has greeted already."""

from collections.abc import AsyncIterator

import pytest

from server.agents.engines.builtin import BuiltinEngine
from server.agents.port import Utterance
from tests.fakes.agent_line import OPENING, AgentLine, FakeKnowledge, brief
from tests.fakes.clock import FakeClock
from tests.fakes.fake_speech import FakeSpeech


@pytest.fixture
def speech() -> FakeSpeech:
    return FakeSpeech()


@pytest.fixture
def knowledge() -> FakeKnowledge:
    return FakeKnowledge({"open": OPENING})


@pytest.fixture
async def line(speech: FakeSpeech, knowledge: FakeKnowledge, clock: FakeClock) -> AsyncIterator[AgentLine]:
    line = AgentLine(BuiltinEngine(speech, clock), brief(knowledge, history=[Utterance("agent", "Hello.")]), clock)
    line.session.start(voice=True)
    yield line
    await line.session.close()
