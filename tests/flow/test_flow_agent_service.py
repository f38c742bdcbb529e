"""An agent whose answers come from an OpenAI-compatible service, set up by settings and the agent's choice alone."""

from pathlib import Path

from tests.fakes.chat_service import ChatService, Reply
from tests.fakes.clock import FakeClock
from tests.fixtures.application import OPENING, Application

QUESTION = "When do you open?"


async def test_the_service_answers_and_when_it_fails_the_product_does(
    sqlite_url: str, tmp_path: Path, clock: FakeClock
) -> None:
    async with ChatService() as service:
        settings = {"openai_base_url": service.url, "openai_api_key": service.key, "openai_model": service.model}
        async with Application(sqlite_url, tmp_path / "var", clock).running(**settings) as running:
            await running.parloir.tenants.set_agent(running.tenant.tenant_id, "support", {"engine": "openai"})
            page = running.page()
            await page.open(running.tenant)
            service.script.extend([Reply("Whenever you like, says the service."), Reply(status=500)])
            first = (await page.post("/widget/messages", {"id": "c1", "text": QUESTION})).json()["messages"]
            second = (await page.post("/widget/messages", {"id": "c2", "text": QUESTION})).json()["messages"]
    assert [message["text"] for message in first] == [QUESTION, "Whenever you like, says the service."]
    assert [message["text"] for message in second] == [QUESTION, OPENING]
    assert service.problems == []
    assert OPENING in str(service.requests[0]["messages"]), "what the tenant knows goes with the question"
