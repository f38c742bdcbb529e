"""The session in writing, and without parts of speech: greetings, text mode, what cannot be spoken."""

import pytest

from server.agents.engines.builtin import BuiltinEngine
from server.agents.knowledge_answers import said_word_for_word
from server.agents.port import AgentProfile
from tests.fakes.agent_line import AGENT, OPENING, AgentLine, FakeKnowledge, ask, brief
from tests.fakes.clock import FakeClock
from tests.fakes.fake_speech import FakeSpeech


@pytest.mark.parametrize("missing", ["stt", "voice", "vad"])
async def test_without_a_working_part_the_session_stays_in_text(
    missing: str, speech: FakeSpeech, knowledge: FakeKnowledge, clock: FakeClock
) -> None:
    if missing == "vad":
        speech.has_vad = False
    else:
        setattr(speech, missing, None)
    line = AgentLine(BuiltinEngine(speech, clock), brief(knowledge), clock)
    line.session.start(voice=True)
    assert line.notices() == ["voice_unavailable"]
    assert line.texts("agent") == ["Hello, welcome to the shop."]
    line.session.hear_text("When do you open?")
    await line.pause(0.3)
    assert line.texts("agent")[-1] == OPENING
    assert line.sounding() == 0
    await line.session.close()


async def test_the_greeting_is_spoken_once(speech: FakeSpeech, knowledge: FakeKnowledge, clock: FakeClock) -> None:
    line = AgentLine(BuiltinEngine(speech, clock), brief(knowledge), clock)
    line.session.start(voice=True)
    await line.until_silent()
    line.session.start(voice=False)
    line.session.start(voice=True)
    await line.pause(1)
    assert line.texts("agent") == ["Hello, welcome to the shop."]
    assert line.finals("agent")[0].via == "voice"
    assert line.measured() == []
    await line.session.close()


async def test_a_catalog_greeting_names_the_agent(speech: FakeSpeech, clock: FakeClock) -> None:
    for language, opening in (("fr", "Bonjour, ici Léa."), ("es", "Hola, soy Léa."), ("ary", "السلام، معاكم Léa.")):
        agent = AgentProfile(uid="a", slug="s", name="Léa", language=language)
        line = AgentLine(BuiltinEngine(speech, clock), brief(FakeKnowledge(), agent, language), clock)
        line.session.start(voice=False)
        assert line.texts("agent")[0].startswith(opening)
        await line.session.close()


async def test_all_the_built_in_engine_says_can_be_prepared(line: AgentLine, speech: FakeSpeech) -> None:
    prepared = said_word_for_word(AGENT, "en", [OPENING])
    for question in ("When do you open?", "Hello", "Thanks", "Do you sell hats?", "I want to talk to a human", "Bye"):
        await ask(line, speech, question)
        await line.until_silent()
    assert len(speech.mouth.said) > 6
    assert set(speech.mouth.said) <= set(prepared)


async def test_text_mode(speech: FakeSpeech, knowledge: FakeKnowledge, clock: FakeClock) -> None:
    line = AgentLine(BuiltinEngine(speech, clock), brief(knowledge), clock)
    line.session.start(voice=False)
    assert line.texts("agent") == [AGENT.greeting], "at once, for whoever reads it right after"
    line.session.hear_text("When do you open?")
    await line.settle(100)
    assert line.finals()[-1].text == OPENING
    assert {spoken.via for spoken in line.finals()} == {"text"}
    assert line.states() == ["thinking", "listening"]
    assert [turn.path for turn in line.measured()] == ["text"]
    line.session.hear_text("What is the meaning of life?")
    await line.settle(100)
    assert line.finals()[-1].text.endswith("You can reach a person here: the shop desk.")
    assert line.notices() == ["handoff_offered"]
    await line.muted(60)
    assert line.endings() == [], "nobody is asked to speak in text mode"
    assert speech.mouth.said == []
    await line.session.close()
