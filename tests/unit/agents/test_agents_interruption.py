"""Speaking over the agent: it falls silent at once, words stop it, and after anything else it goes on where it was."""

import asyncio

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.agents.engines.builtin import BuiltinEngine
from server.agents.port import Spoken, Utterance
from server.media.frame import FRAME_S, Samples
from tests.fakes.agent_line import OPENING, AgentLine, FakeKnowledge, ask, brief
from tests.fakes.clock import FakeClock
from tests.fakes.fake_speech import LOUD, SECONDS_A_WORD, FakeSpeech

FRAMES_OF_OPENING = round(len(OPENING.split()) * SECONDS_A_WORD / FRAME_S)
REWOUND_AT_MOST = round(1.0 / FRAME_S)
WORDS = 2 * LOUD  # how loud the visitor is who says words; at LOUD they cough


@pytest.fixture
async def speaking(line: AgentLine, speech: FakeSpeech) -> AgentLine:
    """The agent has been answering for about a second."""
    await ask(line, speech, "When do you open?")
    await line.pause(1.0)
    assert line.states()[-1] == "speaking"
    return line


async def test_the_agent_is_silent_within_a_sixth_of_a_second(speaking: AgentLine) -> None:
    before = len(speaking.played)
    await speaking.speak(0.3)
    sounding = [frame is not None for frame in speaking.played[before:]]
    assert sounding[0]
    assert not any(sounding[8:])
    assert speaking.states()[-1] == "listening"
    assert speaking.finals("agent") == [], "whether it was interrupted is not known yet"


async def test_words_stop_it_and_the_transcript_keeps_what_was_heard(speaking: AgentLine, speech: FakeSpeech) -> None:
    await ask(speaking, speech, "Do you sell hats?")
    cut, *_ = speaking.finals("agent")
    assert cut.interrupted
    assert cut.text
    assert OPENING.startswith(cut.text)
    assert len(cut.text) < len(OPENING)
    assert [spoken.role for spoken in speaking.finals()][:3] == ["user", "agent", "user"]
    await speaking.until_silent()
    assert speaking.texts("agent")[-1].startswith("I'm sorry, I don't have the answer")


@pytest.mark.parametrize("seconds", [0.2, 0.5, 2.0, 9.0])
async def test_after_a_cough_it_goes_on_where_it_was(speaking: AgentLine, speech: FakeSpeech, seconds: float) -> None:
    heard = speaking.sounding()
    await ask_nothing(speaking, seconds)
    assert speaking.states()[-3:] == ["listening", "thinking", "speaking"]
    await speaking.until_silent()
    assert [(spoken.text, spoken.interrupted) for spoken in speaking.finals("agent")] == [(OPENING, False)]
    assert speaking.texts("user") == ["When do you open?"]
    assert speech.mouth.said == ["We open at nine.", "We close at seven in the evening.", "On Sundays we are closed."]
    again = speaking.sounding() - FRAMES_OF_OPENING
    assert 0 < again <= REWOUND_AT_MOST, "it begins a little before the break"
    assert heard < FRAMES_OF_OPENING


async def test_it_goes_on_from_the_last_pause(speaking: AgentLine) -> None:
    # 1.2 s in: "We open at nine." (0.8 s), the pause between sentences, and the beginning of the next.
    await ask_nothing(speaking, 0.4)
    first = next(at for at in range(len(speaking.played) - 1, 0, -1) if speaking.played[at - 1] is None)
    begins = speaking.played[first]
    assert begins is not None
    assert not np.any(begins)


async def test_a_click_is_not_even_recognised(speaking: AgentLine, speech: FakeSpeech) -> None:
    recognised = len(speech.ear.heard)
    await speaking.speak(0.1)
    assert speaking.states()[-1] == "listening"
    await speaking.pause(0.3)
    assert speaking.states()[-1] == "speaking"
    assert speaking.played[-1] is not None
    assert len(speech.ear.heard) == recognised
    await speaking.until_silent()
    assert speaking.texts("agent") == [OPENING]


@pytest.mark.parametrize(
    ("text", "confidence", "stops"),
    [
        ("Okay.", -0.9, True),
        ("Okay.", -1.4, False),
        ("Armed.", -1.3, False),
        ("Stop-le !", -1.5, True),
        ("", -3.0, False),
    ],
)
async def test_a_murmur_is_no_reason_to_stop(
    speaking: AgentLine, speech: FakeSpeech, text: str, confidence: float, stops: bool
) -> None:
    speech.ear.confidence = confidence
    await ask(speaking, speech, text)
    await speaking.until_silent()
    assert speaking.finals("agent")[0].interrupted is stops
    assert speaking.texts("user")[1:] == ([text] if stops else [])


async def test_several_coughs_are_several_breaks(speaking: AgentLine) -> None:
    for _ in range(3):
        await ask_nothing(speaking, 0.4)
        assert speaking.states()[-1] == "speaking"
    await speaking.until_silent()
    assert speaking.texts("agent") == [OPENING]


@pytest.mark.parametrize(
    ("first", "second", "said", "cut"),
    [
        ("", "", [], False),
        ("", "Do you sell hats?", ["Do you sell hats?"], True),
        ("Do you sell hats?", "", ["Do you sell hats?"], True),
        ("Do you sell", "hats?", ["Do you sell", "hats?"], True),
    ],
)
async def test_a_second_interruption_while_the_first_is_not_understood_yet(
    speaking: AgentLine,
    speech: FakeSpeech,
    knowledge: FakeKnowledge,
    first: str,
    second: str,
    said: list[str],
    cut: bool,
) -> None:
    speech.ear.hold()
    await speaking.speak(0.4)
    await speaking.pause(0.6)
    await speaking.speak(0.4)
    speech.ear.script.extend([first, second])
    speech.ear.release()
    await speaking.settle()
    assert speaking.sounding(last_s=0.5) == 0, "the visitor still speaks"
    await speaking.pause(0.6)
    assert speaking.texts("user")[1:] == said
    assert speaking.finals("agent")[:1] == [
        spoken for spoken in speaking.finals("agent")[:1] if spoken.interrupted is cut
    ]
    if said:
        assert knowledge.asked[1:] == [" ".join(said)]
    await speaking.until_silent()
    assert speaking.finals("agent")[0].interrupted is cut
    assert (speaking.texts("agent")[0] == OPENING) is not cut


async def test_a_cough_while_the_agent_thinks_changes_nothing(
    line: AgentLine, speech: FakeSpeech, knowledge: FakeKnowledge
) -> None:
    speech.mouth.free.clear()
    await ask(line, speech, "When do you open?")
    await line.speak(0.4)
    speech.mouth.free.set()
    await line.settle(100)
    assert line.sounding() == 0, "the visitor has the word"
    await line.pause(0.6)
    await line.until_silent()
    assert knowledge.asked == ["When do you open?"]
    assert line.texts("agent") == [OPENING]
    assert line.sounding() == FRAMES_OF_OPENING, "nothing was heard before, so nothing comes again"


async def test_words_not_recognised_yet_are_not_lost_when_the_visitor_goes_on(
    line: AgentLine, speech: FakeSpeech, knowledge: FakeKnowledge
) -> None:
    speech.ear.hold()
    await line.speak(0.5)
    await line.pause(0.6)
    await line.speak(0.5)
    speech.ear.script.extend(["I would like to know", "when you open"])
    speech.ear.release()
    await line.pause(0.6)
    await line.until_silent()
    assert line.texts("user") == ["I would like to know", "when you open"]
    assert knowledge.asked == ["I would like to know when you open"]
    assert line.texts("agent") == [OPENING]


async def test_unintelligible_recogniser_failure_is_admitted(speaking: AgentLine, speech: FakeSpeech) -> None:
    speech.ear.fails = True
    await ask_nothing(speaking, 0.5)
    await speaking.until_silent()
    assert speaking.finals("agent")[0].interrupted
    assert speaking.texts("agent")[-1] == "I'm sorry, something went wrong on my side. Could you ask me again?"


async def test_a_visitor_muted_in_mid_cough_is_not_waited_for(speaking: AgentLine) -> None:
    await speaking.speak(0.4)
    await speaking.muted(0.6)
    await speaking.until_silent()
    assert speaking.texts("agent") == [OPENING]


async def test_writing_instead_of_speaking_on_cuts_it(speaking: AgentLine) -> None:
    await speaking.speak(0.4)
    speaking.session.hear_text("Do you sell hats?")
    assert speaking.finals("agent")[0].interrupted
    await speaking.until_silent()
    assert speaking.texts("user")[1:] == ["Do you sell hats?"]
    assert speaking.texts("agent")[-1].startswith("I'm sorry, I don't have the answer")


async def test_the_stop_button_during_a_break_ends_the_message(speaking: AgentLine) -> None:
    await speaking.speak(0.4)
    speaking.session.interrupt()
    await speaking.pause(1.0)
    assert speaking.finals("agent")[0].interrupted
    assert speaking.states()[-1] == "listening"
    assert speaking.sounding(last_s=1.0) == 0


async def test_voice_lost_during_a_break_leaves_the_rest_in_text(speaking: AgentLine) -> None:
    await speaking.speak(0.4)
    speaking.session.start(voice=False)
    await speaking.settle(200)
    assert speaking.texts("agent") == [OPENING]
    assert speaking.states()[-1] == "listening"


@pytest.mark.parametrize("pause_s", [0.0, 0.3, 0.6], ids=["speaking", "paused", "recognising"])
async def test_hanging_up_during_a_break_leaves_nothing(
    speaking: AgentLine, speech: FakeSpeech, pause_s: float
) -> None:
    speech.ear.hold()
    await speaking.speak(0.4)
    await speaking.pause(pause_s)
    await speaking.session.close()
    await speaking.session.close()
    assert [spoken.interrupted for spoken in speaking.finals("agent")] == [True]
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("agent/")]


async def test_synthesis_is_bounded_during_a_break(
    line: AgentLine, speech: FakeSpeech, knowledge: FakeKnowledge
) -> None:
    knowledge.passages["long"] = "word " * 60
    await ask(line, speech, "long")
    await line.pause(1.0)
    await line.speak(20)
    assert speech.mouth.pieces < 30
    await line.pause(0.6)
    await line.until_silent()
    assert speech.mouth.pieces == 60


BREAKS = st.lists(
    st.tuples(st.sampled_from(["cough", "words", "nothing"]), st.integers(1, 60), st.integers(1, 70)), max_size=6
)


@settings(max_examples=40, deadline=None)
@given(breaks=BREAKS, is_idle=st.booleans())
async def test_whatever_is_heard_every_message_ends_once_and_whole_or_cut(
    breaks: list[tuple[str, int, int]], is_idle: bool
) -> None:
    speech, knowledge, clock = FakeSpeech(), FakeKnowledge({"open": OPENING}), FakeClock()
    speech.ear.is_idle = is_idle
    line = AgentLine(BuiltinEngine(speech, clock), brief(knowledge, history=[Utterance("agent", "Hi.")]), clock)
    line.session.start(voice=True)
    speech.ear.understand = lambda sound: "When do you open?" if loudest(sound) > LOUD else ""
    await ask(line, speech, "When do you open?")
    for kind, frames, pause in breaks:
        await line.speak(frames * FRAME_S, level={"cough": LOUD, "words": WORDS, "nothing": 20}[kind])
        await line.pause(pause * FRAME_S)
    await line.pause(0.7)
    await line.until_silent()
    spoken = line.finals("agent")
    assert len({message.id for message in spoken}) == len(spoken)
    assert all(
        message.text == OPENING or (message.interrupted and OPENING.startswith(message.text)) for message in spoken
    )
    assert (spoken[-1].text, spoken[-1].interrupted) == (OPENING, False), "the last question is answered to the end"
    if not any(kind == "words" for kind, _, _ in breaks):
        assert len(spoken) == 1
        assert line.texts("user") == ["When do you open?"]
    told = [event for event in line.events if isinstance(event, Spoken)]
    for uid in {event.id for event in told}:
        assert [event.final for event in told if event.id == uid][-1:] == [True]
        assert sum(event.final for event in told if event.id == uid) == 1
    await line.session.close()


async def ask_nothing(line: AgentLine, seconds: float) -> None:
    """The visitor makes a noise that is no word, and is quiet for as long as a turn takes to end."""
    await line.speak(seconds)
    await line.pause(0.6)


def loudest(sound: Samples) -> int:
    return int(np.abs(sound.astype(np.int32)).max(initial=0))
