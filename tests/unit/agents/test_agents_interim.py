"""The visitor's words while they are spoken: told about once a second, replaced by the final text, never taken back."""

import pytest

from server.agents.port import Spoken
from server.media.frame import SAMPLE_RATE_HZ, Samples
from tests.fakes.agent_line import OPENING, AgentLine, ask
from tests.fakes.fake_speech import FakeSpeech


def seconds(sound: Samples) -> str:
    return f"{round(len(sound) / SAMPLE_RATE_HZ, 1)} seconds"


@pytest.fixture
def idle(speech: FakeSpeech) -> FakeSpeech:
    """Nobody else needs the recogniser, which understands how long the sound is."""
    speech.ear.is_idle = True
    speech.ear.understand = seconds
    return speech


def told(line: AgentLine) -> list[Spoken]:
    """All that was told of the visitor's words."""
    return [event for event in line.events if isinstance(event, Spoken) and event.role == "user"]


async def test_words_are_told_while_they_are_spoken_and_replaced(line: AgentLine, idle: FakeSpeech) -> None:
    await line.speak(3.5)
    assert [event.final for event in told(line)] == [False, False, False]
    await line.pause(0.6)
    words = told(line)
    assert [event.final for event in words] == [False, False, False, False, True]
    assert len({event.id for event in words}) == 1
    assert words[0].id.startswith("msg_")
    lengths = [len(sound) / SAMPLE_RATE_HZ for sound in idle.ear.heard]
    assert lengths == sorted(lengths)
    assert lengths[0] == pytest.approx(1.1, abs=0.1)
    assert line.texts("user") == [words[-2].text], "the pause was recognised, and nothing was said since"


async def test_each_utterance_has_its_own_id(line: AgentLine, idle: FakeSpeech) -> None:
    for _ in range(2):
        await line.speak(1.5)
        await line.pause(0.6)
    assert len({event.id for event in told(line)}) == 2


async def test_a_recogniser_with_other_work_is_left_alone(line: AgentLine, speech: FakeSpeech) -> None:
    speech.ear.understand = seconds
    await line.speak(3.5)
    assert speech.ear.heard == []
    await line.pause(0.6)
    assert len(speech.ear.heard) == 1


async def test_one_at_a_time(line: AgentLine, idle: FakeSpeech) -> None:
    idle.ear.hold()
    await line.speak(5)
    assert len(idle.ear.heard) == 1
    idle.ear.release()
    await line.speak(0.5)
    assert len(told(line)) == 1
    await line.speak(0.6)
    assert len(idle.ear.heard) == 2, "a second of voice after the last one was done"


async def test_no_words_so_far_are_nothing_to_tell(line: AgentLine, idle: FakeSpeech) -> None:
    idle.ear.understand = lambda _sound: ""
    await line.speak(3)
    assert idle.ear.heard
    assert told(line) == []


async def test_words_so_far_are_the_words_when_nothing_was_said_since(line: AgentLine, idle: FakeSpeech) -> None:
    while not idle.ear.heard:
        await line.speak(0.02)
    await line.pause(0.6)
    assert len(idle.ear.heard) == 1
    assert line.texts("user") == [seconds(idle.ear.heard[0])]


async def test_words_so_far_are_dropped_for_the_whole(line: AgentLine, idle: FakeSpeech) -> None:
    idle.ear.hold()
    await line.speak(1.4)
    await line.pause(0.3)
    assert idle.ear.cancelled == 1
    idle.ear.release()
    await line.pause(0.3)
    assert line.texts("user") == [seconds(idle.ear.heard[1])]


async def test_words_once_told_are_not_taken_back(line: AgentLine, idle: FakeSpeech) -> None:
    idle.ear.script.append("When do you open?")
    await line.speak(1.3)
    idle.ear.understand = lambda _sound: ""
    await line.pause(0.6)
    assert line.texts("user") == ["When do you open?"]
    await line.until_silent()
    assert line.texts("agent") == [OPENING]


@pytest.mark.parametrize("how", ["written", "voice lost", "hung up"])
async def test_words_so_far_are_final_when_no_more_can_come(line: AgentLine, idle: FakeSpeech, how: str) -> None:
    idle.ear.script.append("I would like")
    await line.speak(1.3)
    if how == "written":
        line.session.hear_text("When do you open?")
    elif how == "voice lost":
        line.session.start(voice=False)
    else:
        await line.session.close()
    assert [(event.text, event.final) for event in told(line)][:2] == [("I would like", False), ("I would like", True)]
    assert len({event.id for event in told(line)[:2]}) == 1
    await line.settle(100)
    assert line.texts("user")[1:] == (["When do you open?"] if how == "written" else [])


async def test_words_over_the_agent_end_its_message_before_they_are_told(line: AgentLine, idle: FakeSpeech) -> None:
    await ask(line, idle, "When do you open?")
    await line.pause(0.8)
    idle.ear.script.append("Do you sell")
    await line.speak(1.4)
    last = [event for event in line.events if isinstance(event, Spoken)][-2:]
    assert [(event.role, event.final, event.interrupted) for event in last] == [
        ("agent", True, True),
        ("user", False, False),
    ]
    idle.ear.script.append("Do you sell hats?")
    await line.pause(0.6)
    await line.until_silent()
    assert line.texts("user")[-1] == "Do you sell hats?"
    assert line.texts("agent")[-1].startswith("I'm sorry, I don't have the answer")
