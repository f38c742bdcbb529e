"""The conversation loop with sound: turns, speculation, interruptions, silence, goodbyes, and what is left behind."""

import asyncio

import pytest

from server.agents.port import Spoken
from server.media.frame import SAMPLE_RATE_HZ
from server.media.leg import Leg, Role
from tests.fakes.agent_line import OPENING, AgentLine, FakeKnowledge, ask
from tests.fakes.clock import FakeClock
from tests.fakes.fake_speech import FakeSpeech

FRAMES_OF_OPENING = len(OPENING.split()) * 10


async def test_the_leg_is_a_leg(line: AgentLine) -> None:
    leg: Leg = line.session.leg
    assert leg.role is Role.AI
    assert leg.read() is None


async def test_a_spoken_question_is_answered_aloud(line: AgentLine, speech: FakeSpeech) -> None:
    await ask(line, speech, "When do you open?")
    await line.until_silent()
    assert line.texts("user") == ["When do you open?"]
    assert line.texts("agent") == [OPENING]
    assert line.states() == ["thinking", "speaking", "listening"]
    assert speech.mouth.said == ["We open at nine.", "We close at seven in the evening.", "On Sundays we are closed."]
    assert {spoken.via for spoken in line.finals()} == {"voice"}
    assert line.sounding() == FRAMES_OF_OPENING, "every word is heard"


async def test_captions_follow_the_sound(line: AgentLine, speech: FakeSpeech) -> None:
    await ask(line, speech, "When do you open?")
    await line.until_silent()
    agent = [event for event in line.events if isinstance(event, Spoken) and event.role == "agent"]
    assert [event.text for event in agent] == [
        "We open at nine.",
        "We open at nine. We close at seven in the evening.",
        OPENING,
        OPENING,
    ]
    assert len({event.id for event in agent}) == 1
    assert [event.final for event in agent] == [False, False, False, True]


async def test_the_first_syllable_is_kept(line: AgentLine, speech: FakeSpeech) -> None:
    await line.pause(1.0)
    await ask(line, speech, "When do you open?")
    said = speech.ear.heard[0]
    loud = (abs(said) > 4_000).sum() / SAMPLE_RATE_HZ
    assert loud == pytest.approx(0.5, abs=0.001)
    assert abs(said[0]) < 100, "a little of what came before the onset is kept too"


async def test_recognition_begins_before_the_turn_is_over_and_is_used(line: AgentLine, speech: FakeSpeech) -> None:
    speech.ear.script.append("When do you open?")
    await line.speak(0.5)
    await line.pause(0.3)
    assert len(speech.ear.heard) == 1
    assert line.finals("user") == []
    await line.pause(0.3)
    assert line.texts("user") == ["When do you open?"]
    assert len(speech.ear.heard) == 1, "nothing was said since: recognised once"


async def test_speculation_is_dropped_when_the_visitor_goes_on(line: AgentLine, speech: FakeSpeech) -> None:
    speech.ear.hold()
    await line.speak(0.5)
    await line.pause(0.3)
    await line.speak(0.4)
    assert speech.ear.cancelled == 1
    speech.ear.release()
    speech.ear.script.append("When do you open?")
    await line.pause(0.6)
    assert len(speech.ear.heard) == 2
    assert len(speech.ear.heard[1]) > len(speech.ear.heard[0]) + 0.5 * SAMPLE_RATE_HZ
    assert line.texts("user") == ["When do you open?"]


async def test_the_stages_of_a_turn_are_measured(line: AgentLine, speech: FakeSpeech, clock: FakeClock) -> None:
    speech.ear.script.append("When do you open?")
    speech.ear.hold()
    await line.speak(0.5)
    await line.pause(0.6)
    assert line.measured() == []
    clock.jump(0.5)  # recognition takes this much longer
    speech.ear.release()
    await line.until_silent()
    (turn,) = line.measured()
    assert turn.path == "fake-voice"
    assert turn.end_of_speech_s == pytest.approx(0.448, abs=0.033)
    assert turn.recognition_s == pytest.approx(0.5, abs=0.2)
    assert turn.first_audio_s <= 0.1
    assert turn.total_s == pytest.approx(
        turn.end_of_speech_s + turn.recognition_s + turn.answer_s + turn.first_audio_s, abs=1e-6
    )


async def test_cached_sound_is_measured_as_such(line: AgentLine, speech: FakeSpeech) -> None:
    speech.mouth.is_cached = True
    await ask(line, speech, "When do you open?")
    await line.until_silent()
    assert [turn.path for turn in line.measured()] == ["cached"]


async def test_after_an_interruption_the_new_question_is_answered(line: AgentLine, speech: FakeSpeech) -> None:
    speech.ear.script.extend(["When do you open?", "Do you sell hats?"])
    await line.speak(0.5)
    await line.pause(1.2)
    await line.speak(0.5)
    await line.pause(0.6)
    await line.until_silent()
    assert line.texts("user") == ["When do you open?", "Do you sell hats?"]
    assert line.texts("agent")[-1].startswith("I'm sorry, I don't have the answer")
    assert speech.mouth.closed_early <= 1


async def test_words_added_before_the_answer_belong_to_the_question(
    line: AgentLine, speech: FakeSpeech, knowledge: FakeKnowledge
) -> None:
    speech.mouth.free.clear()
    await ask(line, speech, "I would like to know")
    assert line.states() == ["thinking"]
    speech.ear.script.append("when you open")
    await line.speak(0.5)
    speech.mouth.free.set()
    await line.pause(0.6)
    await line.until_silent()
    assert knowledge.asked == ["I would like to know", "I would like to know when you open"]
    assert line.texts("user") == ["I would like to know", "when you open"]
    assert line.texts("agent") == [OPENING], "of the first answer nothing was heard"


async def test_noise_that_is_not_words_is_ignored(line: AgentLine, speech: FakeSpeech) -> None:
    await ask(line, speech, "")
    await line.pause(0.2)
    assert line.finals() == []
    assert line.states()[-1] == "listening"
    assert line.measured() == []


@pytest.mark.parametrize(("text", "believed"), [("Oui.", True), ("D'accord.", True), ("Armed.", False), ("4.", False)])
async def test_an_unsure_ear_believes_words_that_people_say_alone(
    line: AgentLine, speech: FakeSpeech, text: str, believed: bool
) -> None:
    speech.ear.confidence = -1.5
    await ask(line, speech, text)
    await line.until_silent()
    assert line.texts("user") == ([text] if believed else [])
    assert bool(line.texts("agent")) is believed


async def test_failed_recognition_is_admitted(line: AgentLine, speech: FakeSpeech) -> None:
    speech.ear.fails = True
    await line.speak(0.5)
    await line.pause(0.6)
    await line.until_silent()
    assert line.texts("agent") == ["I'm sorry, something went wrong on my side. Could you ask me again?"]


async def test_a_pause_ends_no_turn_while_the_talk_key_is_held(line: AgentLine, speech: FakeSpeech) -> None:
    speech.ear.script.append("When do you open?")
    line.session.hold_turn()
    await line.speak(0.4)
    await line.pause(1.5)
    assert line.texts("user") == []
    line.session.finish_turn()
    await line.settle()
    assert line.texts("user") == ["When do you open?"]


async def test_a_held_turn_is_measured_from_when_the_key_is_let_go(
    line: AgentLine, speech: FakeSpeech, clock: FakeClock
) -> None:
    speech.ear.script.append("When do you open?")
    line.session.hold_turn()
    await line.speak(0.4)
    await line.pause(1.5)
    line.session.finish_turn()
    await line.until_silent()
    (turn,) = line.measured()
    assert turn.end_of_speech_s == 0
    assert turn.total_s == pytest.approx(turn.recognition_s + turn.answer_s + turn.first_audio_s, abs=1e-6)
    assert turn.total_s < 0.1, "recognised in the pause, while the key was held"


async def test_letting_go_of_the_talk_key_ends_the_turn(line: AgentLine, speech: FakeSpeech) -> None:
    speech.ear.script.append("When do you open?")
    await line.speak(0.4)
    line.session.finish_turn()
    await line.settle()
    assert line.texts("user") == ["When do you open?"]
    line.session.finish_turn()
    await line.until_silent()
    assert line.texts("agent") == [OPENING]


async def test_a_microphone_muted_in_mid_sentence_ends_the_turn(line: AgentLine, speech: FakeSpeech) -> None:
    speech.ear.script.append("When do you open?")
    await line.speak(0.4)
    await line.muted(0.7)
    assert line.texts("user") == ["When do you open?"]
    await line.until_silent()
    speech.ear.script.append("And when do you close?")
    await line.speak(0.4)
    await line.alone(0.7)
    assert line.texts("user")[-1] == "And when do you close?"


async def test_an_endless_utterance_is_cut(line: AgentLine, speech: FakeSpeech) -> None:
    await line.speak(29.0)
    assert len(speech.ear.heard[0]) <= 28.1 * SAMPLE_RATE_HZ


async def test_silence_is_asked_about_once_and_then_ends_the_call(line: AgentLine) -> None:
    await line.pause(12.1)
    await line.until_silent()
    assert line.texts("agent") == ["Are you still there?"]
    await line.pause(12.1)
    await line.until_silent()
    assert line.texts("agent")[-1].startswith("I can't hear you any more")
    assert line.endings() == ["silence"]
    assert line.measured() == []


async def test_words_after_the_question_into_silence_start_over(line: AgentLine, speech: FakeSpeech) -> None:
    await line.pause(12.1)
    await line.until_silent()
    await ask(line, speech, "When do you open?")
    await line.until_silent()
    await line.pause(12.1)
    await line.until_silent()
    assert line.texts("agent")[-1] == "Are you still there?"
    assert line.endings() == []


async def test_a_muted_visitor_is_left_in_peace(line: AgentLine) -> None:
    await line.muted(40)
    assert line.events == []


async def test_a_dead_microphone_is_noticed_once(line: AgentLine) -> None:
    await line.pause(7.9, level=0)
    assert line.notices() == []
    await line.pause(3, level=0)
    assert line.notices() == ["cannot_hear_you"]


async def test_goodbye_ends_after_it_is_said(line: AgentLine, speech: FakeSpeech) -> None:
    await ask(line, speech, "Thank you, goodbye!")
    assert line.endings() == []
    await line.until_silent()
    assert line.texts("agent") == ["Goodbye, and have a nice day!"]
    assert line.endings() == ["goodbye"]
    line.session.hear_text("Still here?")
    assert line.texts("user") == ["Thank you, goodbye!"], "it is over"


async def test_interrupt_stops_the_voice(line: AgentLine, speech: FakeSpeech) -> None:
    await ask(line, speech, "When do you open?")
    await line.pause(0.6)
    line.session.interrupt()
    await line.pause(0.2)
    assert line.sounding(last_s=0.2) == 0
    assert line.finals("agent")[-1].interrupted
    assert line.states()[-1] == "listening"


async def test_a_written_question_is_answered_aloud_when_there_is_sound(line: AgentLine) -> None:
    line.session.hear_text("When do you open?")
    await line.until_silent()
    assert [spoken.via for spoken in line.finals()] == ["text", "voice"]
    assert line.sounding() == FRAMES_OF_OPENING


async def test_what_cannot_be_spoken_is_written(line: AgentLine, speech: FakeSpeech) -> None:
    speech.mouth.fails = True
    await ask(line, speech, "When do you open?")
    await line.pause(0.4)
    assert line.texts("agent") == [OPENING]
    assert line.notices() == ["voice_unavailable"]
    assert [turn.path for turn in line.measured()] == ["text"]


async def test_a_search_that_fails_leaves_nobody_without_a_word(
    line: AgentLine, speech: FakeSpeech, knowledge: FakeKnowledge
) -> None:
    knowledge.fails = True
    await ask(line, speech, "When do you open?")
    await line.until_silent()
    assert line.texts("agent") == ["I'm sorry, something went wrong on my side. Could you ask me again?"]


async def test_synthesis_stays_only_a_little_ahead(
    line: AgentLine, speech: FakeSpeech, knowledge: FakeKnowledge
) -> None:
    knowledge.passages["long"] = "word " * 60
    await ask(line, speech, "long")
    await line.settle(500)
    assert speech.mouth.pieces < 25, "of 60 words: about three seconds"
    await line.until_silent()
    assert speech.mouth.pieces == 60
    assert line.sounding() == 60 * 10


async def test_voice_that_is_lost_in_mid_sentence_ends_in_text(line: AgentLine, speech: FakeSpeech) -> None:
    await ask(line, speech, "When do you open?")
    await line.pause(0.4)
    line.session.start(voice=False)
    await line.settle(200)
    assert line.texts("agent") == [OPENING]
    assert line.states()[-1] == "listening"
    assert line.session.leg.read() is None
    line.session.start(voice=True)
    await ask(line, speech, "When do you open?")
    await line.until_silent()
    assert line.texts("agent") == [OPENING, OPENING]


async def test_closing_in_mid_sentence_keeps_what_was_said_and_leaves_nothing(
    line: AgentLine, speech: FakeSpeech
) -> None:
    tasks = len(asyncio.all_tasks())
    await ask(line, speech, "When do you open?")
    await line.pause(0.6)
    await line.session.close()
    await line.session.close()
    assert line.finals("agent")[-1].interrupted
    assert len(asyncio.all_tasks()) == tasks
    await line.speak(0.5)
    assert line.played[-1] is None


async def test_another_voice_than_the_best_is_noted_once_a_message(line: AgentLine, speech: FakeSpeech) -> None:
    speech.mouth.stand_in = "plain"
    await ask(line, speech, "When do you open?")
    await line.until_silent()
    assert line.notices() == ["voice_fallback"]
    speech.mouth.stand_in, speech.mouth.is_cached = "", True
    await ask(line, speech, "When do you open?")
    await line.until_silent()
    assert line.notices() == ["voice_fallback"]
