"""A visitor talks with the shop's agent: the question is understood, the answer is heard, and it can be interrupted."""

from pathlib import Path

import numpy as np
import pytest

from server.media.frame import SAMPLE_RATE_HZ
from tests.fixtures.site import Site
from tests.fixtures.speech.prompts import folded
from tests.fixtures.speech.questions import BROWSER_RATE_HZ, question, question_wav, write_wav
from tests.fixtures.visitors import Arrive, Ear

pytestmark = [pytest.mark.browser, pytest.mark.speech, pytest.mark.timeout(300)]

GREETING_S = 6.0  # the agent says hello first


@pytest.mark.parametrize(
    ("language", "asked", "understood", "answered", "talk", "agree"),
    [
        (
            "en",
            "When do you open on Saturday?",
            "open saturday",
            "monday morning closed",
            "Start talking",
            "Agree and talk",
        ),
        (
            "fr",
            "Combien coûte la livraison ?",
            "livraison",
            "livraison standard",
            "Commencer à parler",
            "Accepter et parler",
        ),
        (
            "es",
            "¿Cuál es el horario de la tienda?",
            "horario tienda",
            "lunes sabado domingos",
            "Empezar a hablar",
            "Aceptar y hablar",
        ),
    ],
)
async def test_the_question_is_understood_and_the_answer_is_heard(
    talking_site: Site,
    arrive: Arrive,
    ear: Ear,
    language: str,
    asked: str,
    understood: str,
    answered: str,
    talk: str,
    agree: str,
) -> None:
    visitor = await arrive(microphone=question_wav(asked, language, lead_s=GREETING_S, trail_s=20))
    await visitor.visit(f"{talking_site.shop}/?lang={language}")
    await visitor.call(talk, agree)
    await visitor.until("events.some((e) => e.name === 'message' && e.role === 'user' && e.final)")
    await visitor.until("events.filter((e) => e.name === 'message' && e.role === 'agent' && e.final).length > 1")
    await visitor.until_state("listening")
    said = [event for event in await visitor.events("message") if event["final"]]
    greeting, question_said, answer = said[0], said[1], said[2]
    assert (greeting["role"], question_said["role"], answer["role"]) == ("agent", "user", "agent")
    assert {message["via"] for message in said} == {"voice"}
    assert set(understood.split()) <= set(folded(question_said["text"])), question_said
    assert set(answered.split()) <= set(folded(answer["text"])), answer
    shown = folded(await visitor.log.inner_text())
    for message in said[:3]:
        assert " ".join(folded(message["text"])) in " ".join(shown), "captions match what was said"

    sound = await visitor.heard()
    spoken_answer = folded(ear(sound[-int(_longest_s(answer["text"]) * SAMPLE_RATE_HZ) :], language))
    missing = set(answered.split()) - set(spoken_answer)
    assert not missing, f"not heard: {missing} in {spoken_answer}"
    assert await visitor.events("error") == []


async def test_the_agent_stops_when_the_visitor_speaks(talking_site: Site, arrive: Arrive, tmp_path: Path) -> None:
    visitor = await arrive(microphone=_two_sentences(tmp_path / "two.wav", pause_s=4.5))
    await visitor.visit(f"{talking_site.shop}/?lang=en")
    await visitor.call()
    await visitor.until_told("message", role="agent", interrupted=True)
    await visitor.until("events.filter((e) => e.name === 'message' && e.role === 'user' && e.final).length > 1")
    cut = next(event for event in await visitor.events("message") if event.get("interrupted"))
    assert "open" in cut["text"]
    assert "public holidays" not in cut["text"], "the agent claims to have said what nobody heard"
    await visitor.log.get_by_text("euros").first.wait_for()
    row = visitor.log.locator(".row:has(small:not([hidden]))")
    assert cut["text"] in await row.inner_text()


async def test_words_are_shown_while_they_are_spoken(talking_site: Site, arrive: Arrive) -> None:
    asked = (
        "Hello, I was in your shop last week with a friend of mine, and we liked it a lot, "
        "so now I would like to know when you open on Saturday, and how much delivery costs."
    )
    visitor = await arrive(microphone=question_wav(asked, "en", lead_s=GREETING_S, trail_s=20))
    await visitor.visit(f"{talking_site.shop}/?lang=en")
    await visitor.call()
    await visitor.log.locator(".row.user.partial").get_by_text("friend").wait_for()
    assert [event for event in await visitor.events("message") if event["role"] == "user"] == []
    await visitor.until("events.some((e) => e.name === 'message' && e.role === 'user' && e.final)")
    await visitor.log.locator(".row.user:not(.partial)").get_by_text("Saturday").wait_for()
    assert await visitor.log.locator(".row.user").count() == 1


def _longest_s(text: str) -> float:
    """How long `text` may take to be said, with a margin."""
    return min(28.0, 4 + len(text) / 10)


def _two_sentences(path: Path, pause_s: float) -> Path:
    """The second one falls into the answer to the first."""
    sound = [
        np.zeros(int(GREETING_S * SAMPLE_RATE_HZ), dtype=np.int16),
        question("When do you open on Saturday?", "en"),
        np.zeros(int(pause_s * SAMPLE_RATE_HZ), dtype=np.int16),
        question("How much does delivery cost?", "en"),
        np.zeros(20 * SAMPLE_RATE_HZ, dtype=np.int16),
    ]
    write_wav(path, np.concatenate(sound), BROWSER_RATE_HZ)
    return path
