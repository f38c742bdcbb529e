"""Whatever fits the OpenAPI document, or just does not, is answered as documented and never with a 5xx."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.fakes.clock import FakeClock
from tests.fixtures.application import Application, Running
from tests.flow.test_flow_calls_api import Backend

EXAMPLES = 6  # of each operation and way
A_MINUTE_S = 61
WAIT_S = 60
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
"""Of what arrives without a token the wrong-principal tests tell."""


@dataclass(frozen=True)
class Known:
    """Ids that exist: with made-up ones most requests would end at the door."""

    call: int
    webhook: int
    event: str

    def of(self, path: str) -> dict[str, Any]:
        return {"id": self.webhook if "webhooks" in path else self.call, "event_id": self.event}


@pytest.fixture
async def running(sqlite_url: str, tmp_path: Path, clock: FakeClock) -> AsyncIterator[Running]:
    async with Application(sqlite_url, tmp_path / "var", clock).running() as server:
        yield server


async def known(backend: Backend) -> Known:
    call = await backend.bridge()
    made = await backend.post("/api/v1/webhooks", {"url": "https://example.com/hooks"})
    webhook: int = made.json()["id"]
    event = (await backend.post(f"/api/v1/webhooks/{webhook}/test")).json()["event_id"]
    return Known(call, webhook, event)


@pytest.mark.timeout(300)
async def test_no_request_breaks_the_api(running: Running, clock: FakeClock) -> None:
    document = (await running.http.get(f"{running.url}/openapi.json")).json()
    schema = schemathesis.openapi.from_dict(document)
    ids = await known(Backend(running))
    token = running.tenant.project_token
    found = []
    for result in schema.get_all_operations():
        operation = result.ok()
        for mode, path_parameters in ways(operation, ids):
            clock.jump(A_MINUTE_S)
            found += await asyncio.to_thread(fuzz, operation, mode, running.url, token, path_parameters)
    assert found == []


async def test_a_document_that_is_wrong_is_noticed(running: Running) -> None:
    document = (await running.http.get(f"{running.url}/openapi.json")).json()
    del document["paths"]["/api/v1/phone_calls/{id}"]["get"]["responses"]["404"]
    operation = schemathesis.openapi.from_dict(document)["/api/v1/phone_calls/{id}"]["GET"]
    token = running.tenant.project_token
    found = await asyncio.to_thread(fuzz, operation, GenerationMode.POSITIVE, running.url, token, {})
    assert len(found) == EXAMPLES
    assert "404" in found[0]


def ways(operation: Any, ids: Known) -> list[tuple[GenerationMode, dict[str, Any]]]:
    """What fits and what does not, about things that exist, and what fits about others."""
    exists = ids.of(operation.path)
    found = [(GenerationMode.POSITIVE, exists)]
    if operation.body or operation.query:
        found.append((GenerationMode.NEGATIVE, exists))
    return found + ([(GenerationMode.POSITIVE, {})] if operation.path_parameters else [])


def fuzz(operation: Any, mode: GenerationMode, url: str, token: str, ids: dict[str, Any]) -> list[str]:
    """What was wrong with the answers to EXAMPLES requests, the same ones every time."""
    failures = []

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Case) -> None:
        case.path_parameters = {**case.path_parameters, **{n: v for n, v in ids.items() if n in case.path_parameters}}
        case.headers["Authorization"] = f"Bearer {token}"
        try:
            case.call_and_validate(base_url=url, checks=CHECKS, timeout=WAIT_S)
        except FailureGroup as group:
            failures.extend(f"{case.as_curl_command()}: {each}"[:600] for each in group.exceptions)

    ask()
    return failures
