"""What a call amounted to: the built-in analyser's verdicts, and the service that may take its place."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from quart import Quart, Response, jsonify, request

from server.analysis import Analysis, ExtractiveAnalyser, Said, Talk
from server.analysis.providers.openai_chat import TRANSCRIPT_MAX, OpenAiAnalyser
from server.kit.tasks import TaskScope
from server.web.serving import Listener
from tests.fixtures.application import _accepts
from tests.fixtures.servers import free_port

CALLS = {
    "en": ("We have a new offer for you.", "That sounds good, send me the price by e-mail. Thank you, perfect."),
    "fr": ("Nous avons une offre.", "Je suis intéressée, combien ? Rappelez-moi demain, merci, très bien."),
    "es": ("Tenemos una oferta.", "Me interesa, envíeme el precio por correo. Gracias, perfecto."),
    "ar": ("لدينا عرض جديد.", "أنا مهتم، أرسل السعر بالبريد. شكرا، ممتاز."),
    "ary": ("عندنا عرض جديد.", "أنا مهتم، أرسل السعر بالبريد. شكرا، ممتاز."),
}


def talk(language: str, ours: str, customer: str) -> Talk:
    return Talk(language, 60, [Said(False, ours), Said(True, customer)])


@pytest.mark.parametrize("language", CALLS)
async def test_somebody_who_wants_to_hear_more(language: str) -> None:
    verdict = await ExtractiveAnalyser().analyse(talk(language, *CALLS[language]))
    assert (verdict.status, verdict.sentiment, verdict.engine) == ("follow_up", "positive", "extractive")
    assert verdict.interest_level >= 7
    assert verdict.lead_score >= 50
    assert CALLS[language][1][:12] in verdict.summary


@pytest.mark.parametrize(
    ("language", "customer"),
    [
        ("en", "I am not interested. Do not call again, I am angry."),
        ("fr", "Non merci, je ne suis pas intéressé. Ne m'appelez plus."),
        ("es", "No, gracias, no me interesa."),
        ("ar", "لست مهتم. لا تتصل مرة أخرى."),
    ],
)
async def test_somebody_who_does_not(language: str, customer: str) -> None:
    verdict = await ExtractiveAnalyser().analyse(talk(language, "Hello.", customer))
    assert verdict.status == "not_interested"
    assert verdict.interest_level <= 4
    assert verdict.lead_score < 50


async def test_a_call_in_which_nobody_spoke() -> None:
    verdict = await ExtractiveAnalyser().analyse(Talk("fr", 4, [Said(False, "Allô ?")]))
    assert (verdict.status, verdict.interest_level, verdict.lead_score) == ("no_conversation", 1, 0)


GOOD = (
    '{"summary": "Amel wants the offer.", "status": "follow_up", "interest_level": 8, '
    '"sentiment": "positive", "lead_score": 80}'
)


class Service:
    """A chat service that says what it is told to, and checks what it is asked."""

    def __init__(self) -> None:
        self.says: Any = GOOD
        self.status = 200
        self.asked: list[dict[str, Any]] = []
        self.app = Quart("chat")
        self.app.post("/v1/chat/completions")(self._answer)

    async def _answer(self) -> Response:
        body = await request.get_json()
        assert request.headers["Authorization"] == "Bearer secret"
        assert set(body) == {"model", "temperature", "response_format", "messages"}
        assert body["response_format"] == {"type": "json_object"}
        assert [message["role"] for message in body["messages"]] == ["system", "user"]
        self.asked.append(body)
        answer = jsonify(
            {
                "id": "c1",
                "object": "chat.completion",
                "created": 1,
                "model": body["model"],
                "choices": [
                    {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": self.says}}
                ],
            }
        )
        answer.status_code = self.status
        return answer


@pytest.fixture
async def service() -> AsyncIterator[tuple[Service, OpenAiAnalyser]]:
    made, port, tasks = Service(), free_port(), TaskScope("chat service")
    listener = Listener(made.app, "127.0.0.1", port)
    serving = tasks.spawn(listener.run(), "listener")
    await _accepts(port)
    analyser = OpenAiAnalyser(f"http://127.0.0.1:{port}/v1", "secret", "gpt-x", ExtractiveAnalyser())
    yield made, analyser
    await analyser.close()
    listener.stop()
    await serving
    await tasks.close()


async def test_a_service_judges_in_its_own_words(service: tuple[Service, OpenAiAnalyser]) -> None:
    made, analyser = service
    verdict = await analyser.analyse(talk("en", *CALLS["en"]))
    assert verdict == Analysis("Amel wants the offer.", "follow_up", 8, "positive", 80, "openai:gpt-x")
    assert "Customer: That sounds good" in made.asked[0]["messages"][1]["content"]


@pytest.mark.parametrize(
    ("status", "says"),
    [(500, GOOD), (200, ""), (200, "Sure! Here it is"), (200, GOOD.replace("8,", "80,")), (200, '{"summary": "x"}')],
)
async def test_a_service_that_fails_is_passed_over_and_the_result_says_so(
    service: tuple[Service, OpenAiAnalyser], status: int, says: str
) -> None:
    made, analyser = service
    made.status, made.says = status, says
    assert (await analyser.analyse(talk("en", *CALLS["en"]))).engine == "extractive"


async def test_a_very_long_call_is_cut_in_the_middle(service: tuple[Service, OpenAiAnalyser]) -> None:
    made, analyser = service
    await analyser.analyse(Talk("en", 7_200, [Said(True, "word " * 20_000), Said(False, "the end")]))
    content = made.asked[0]["messages"][1]["content"]
    assert len(content) < TRANSCRIPT_MAX + 200
    assert content.endswith("the end")
