"""What a plan allows a minute on the API for backends, told on every answer; and links opened from one address."""

import httpx

from server.tenants.service import NewTenant
from tests.fakes.clock import FakeClock
from tests.fixtures.application import Application, Running, refusal

EDGE = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")


async def asked(running: Running, token: str, path: str = "/api/v1/agents") -> httpx.Response:
    return await running.http.get(running.url + path, headers={"Authorization": f"Bearer {token}"})


def shown(answer: httpx.Response) -> list[int]:
    return [int(answer.headers[name]) for name in EDGE]


async def pro(running: Running) -> NewTenant:
    return await running.parloir.tenants.create("Pro", plan="pro")


async def test_the_301st_request_of_a_pro_tenant_in_a_minute(sqlite_running: Running, clock: FakeClock) -> None:
    tenant = await pro(sqlite_running)
    now = int(clock.now().timestamp())
    minute_ends = now - now % 60 + 60
    keys = [tenant.project_token, tenant.secret_key, tenant.master_key]
    for number in range(300):
        answer = await asked(sqlite_running, keys[number % 3])
        assert answer.status_code == 200
        assert shown(answer) == [300, 299 - number, minute_ends]
    refused = await asked(sqlite_running, tenant.project_token)
    assert refusal(refused) == (429, "rate_limit_exceeded")
    assert shown(refused) == [300, 0, minute_ends]
    wait_s = int(refused.headers["Retry-After"])
    assert (await asked(sqlite_running, sqlite_running.tenant.project_token)).status_code == 200, "another tenant"
    clock.jump(wait_s - 1)
    assert (await asked(sqlite_running, tenant.master_key)).status_code == 429
    clock.jump(1)
    assert (await asked(sqlite_running, tenant.master_key)).status_code == 200


async def test_refusals_of_other_kinds_show_it_too_and_count_once(sqlite_running: Running) -> None:
    tenant = await pro(sqlite_running)
    missing = await asked(sqlite_running, tenant.project_token, "/api/v1/phone_calls/999")
    assert (missing.status_code, shown(missing)[:2]) == (404, [300, 299])
    made = await sqlite_running.http.post(
        f"{sqlite_running.url}/api/v1/webhooks",
        json={"url": "nowhere"},
        headers={"Authorization": f"Bearer {tenant.project_token}"},
    )
    assert (made.status_code, shown(made)[:2]) == (422, [300, 298])
    assert (await asked(sqlite_running, tenant.project_token)).headers["X-RateLimit-Remaining"] == "297"


async def test_whoever_is_nobody_is_shown_nothing(sqlite_running: Running) -> None:
    answer = await sqlite_running.http.get(f"{sqlite_running.url}/api/v1/agents")
    assert refusal(answer) == (401, "missing_token")
    assert not any(name in answer.headers for name in EDGE)


async def test_links_opened_from_one_address(application: Application) -> None:
    async with application.running(trusted_proxies=("127.0.0.1",)) as server:

        async def tried(path: str, address: str) -> httpx.Response:
            return await server.http.post(server.url + path, json={"token": "x"}, headers={"X-Forwarded-For": address})

        for _ in range(60):
            assert (await tried("/embed/exchange", "192.0.2.1")).status_code != 429
        refused = await tried("/embed/exchange", "192.0.2.1")
        assert refusal(refused) == (429, "rate_limit_exceeded")
        assert (await tried("/player/exchange", "192.0.2.1")).status_code != 429
        assert (await tried("/embed/exchange", "192.0.2.2")).status_code != 429
        application.clock.jump(int(refused.headers["Retry-After"]))
        assert (await tried("/embed/exchange", "192.0.2.1")).status_code != 429
