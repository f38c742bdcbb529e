"""No request leaves for what is not the public internet, however it is spelled, and no socket is made to find out."""

import socket
from collections.abc import AsyncIterator, Sequence
from ipaddress import ip_address, ip_network

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from hypothesis import given
from hypothesis import strategies as st

from server.egress import Egress, EgressPolicy, Unreachable
from server.egress.addresses import is_public
from server.egress.client import AddressInfo, open_socket
from server.egress.targets import check_url
from server.kit.errors import InvalidInput

LOOPBACK = ip_network("127.0.0.0/8")
REFUSED_URLS = [
    "http://example.com/",  # not https
    "ftp://example.com/",
    "https:///path",
    "https://user@example.com/",
    "https://user:word@example.com/",
    "https://example.com:22/",
    "https://example.com:6379/",
    "https://example.com:99999/",
    "https://localhost/",
    "https://localhost./",
    "https://LOCALHOST/",
    "https://api.localhost/",
    "https://printer.local/",
    "https://metadata.google.internal/",
    "https://intranet/",
    "https://127.0.0.1/",
    "https://127.0.0.1./",
    "https://127.1/",
    "https://2130706433/",  # decimal
    "https://0177.0.0.1/",  # octal
    "https://0x7f.0.0.1/",
    "https://0x7f000001/",
    "https://127.0.0.0x1/",
    "https://10.1.2.3/",
    "https://100.64.0.1/",
    "https://169.254.169.254/latest/meta-data",
    "https://172.31.255.255/",
    "https://192.0.0.192/",
    "https://192.168.1.1/",
    "https://198.18.0.1/",
    "https://224.0.0.1/",
    "https://255.255.255.255/",
    "https://0.0.0.0/",
    "https://[::]/",
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/",
    "https://[::127.0.0.1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[64:ff9b:1::1]/",
    "https://[2002:7f00:1::]/",
    "https://[2001:0:1::1]/",
    "https://[fc00::1]/",
    "https://[fe80::1]/",
    "https://[fec0::1]/",
    "https://[ff02::1]/",
    "https://[3fff::1]/",
    "https://１２７.0.0.1/",  # full-width digits
    "https://ⓔxample.com/",
    "https://exa mple.com/",
    "https://example.com\\@127.0.0.1/",
    "https://example.com/\n",
    "https://[::1/",
    "https://" + "a" * 2_000 + ".com/",
]
PRIVATE = ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"]


class Names(AbstractResolver):
    """Answers every name with the next of `answers`, and the last one from then on."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self._answers = list(answers)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return [
            ResolveResult(
                hostname=host,
                host=each,
                port=port,
                family=socket.AF_INET6 if ":" in each else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for each in answer
        ]

    async def close(self) -> None:
        """Nothing is open."""


class Sockets:
    """Counts what was asked for and makes none."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, info: AddressInfo) -> socket.socket:
        self.asked.append(str(info[4][0]))
        raise OSError("no packet leaves a test")


@pytest.mark.parametrize("url", REFUSED_URLS)
def test_a_url_that_leads_elsewhere_is_refused_when_it_is_given(url: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        check_url(url, EgressPolicy())
    assert refused.value.code == "url_refused"
    assert refused.value.details[0].field == "url"


@pytest.mark.parametrize("url", REFUSED_URLS)
async def test_and_no_socket_is_made_for_it_even_unchecked(url: str) -> None:
    sockets = Sockets()
    egress = Egress(EgressPolicy(), Names(["127.0.0.1"]), sockets)
    with pytest.raises(Unreachable):
        await egress.post(url, b"{}", {}, timeout_s=30)
    assert sockets.asked == []
    await egress.close()


@pytest.mark.parametrize(
    "url", ["https://example.com/hooks", "https://hooks.example.co.uk:8443/a?b=c", "https://8.8.8.8/"]
)
def test_a_url_on_the_public_internet_is_taken(url: str) -> None:
    assert check_url(url, EgressPolicy()) == url


@pytest.mark.parametrize("address", PRIVATE)
async def test_a_name_that_stands_for_a_private_address_is_not_connected_to(address: str) -> None:
    sockets = Sockets()
    egress = Egress(EgressPolicy(), Names([address]), sockets)
    with pytest.raises(Unreachable) as failure:
        await egress.post("https://hooks.example.com/", b"{}", {}, timeout_s=30)
    assert sockets.asked == []
    assert failure.value.reason == "not_reachable"
    await egress.close()


async def test_a_name_is_judged_each_time_it_is_resolved() -> None:
    sockets = Sockets()
    egress = Egress(EgressPolicy(), Names(["8.8.8.8"], ["127.0.0.1"]), sockets)
    for _ in range(3):
        with pytest.raises(Unreachable) as failure:
            await egress.post("https://rebinding.example.com/", b"{}", {}, timeout_s=30)
        assert failure.value.reason == "not_reachable"  # a closed port and a refused address look the same
    assert sockets.asked == ["8.8.8.8"]
    await egress.close()


async def test_of_several_addresses_only_the_public_ones_are_tried() -> None:
    sockets = Sockets()
    egress = Egress(EgressPolicy(), Names(["10.0.0.1", "9.9.9.9", "::1"]), sockets)
    with pytest.raises(Unreachable):
        await egress.post("https://mixed.example.com/", b"{}", {}, timeout_s=30)
    assert set(sockets.asked) == {"9.9.9.9"}
    await egress.close()


@given(st.ip_addresses(network="::ffff:0:0/96"))
def test_mapped_addresses_are_judged_as_what_they_are(address: object) -> None:
    mapped = ip_address(str(address))
    assert mapped.version == 6
    assert mapped.ipv4_mapped is not None
    assert is_public(mapped) == is_public(mapped.ipv4_mapped)


@pytest.fixture
async def receiver() -> AsyncIterator[str]:
    async def answer(request: web.Request) -> web.Response:
        match request.path:
            case "/redirect":
                raise web.HTTPFound("/elsewhere")
            case "/long":
                return web.Response(body=b"x" * 1_000_000)
        return web.Response(status=202, body=await request.read(), headers={"X-Seen": request.headers["X-Said"]})

    app = web.Application()
    app.router.add_post("/{rest:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_a_network_of_the_deployments_own_is_reached(receiver: str) -> None:
    egress = Egress(EgressPolicy(allows_http=True, networks=(LOOPBACK,)), socket_factory=open_socket)
    url = check_url(receiver, egress.policy)
    reply = await egress.post(f"{url}/hook", b"said", {"X-Said": "yes"}, timeout_s=30)
    assert (reply.status, reply.excerpt, reply.headers["X-Seen"]) == (202, "said", "yes")
    redirected = await egress.post(f"{url}/redirect", b"", {"X-Said": "yes"}, timeout_s=30)
    assert redirected.status == 302  # and /elsewhere was not asked
    long = await egress.post(f"{url}/long", b"", {"X-Said": "yes"}, timeout_s=30)
    assert long.excerpt == "x" * 4_096
    await egress.close()
    await egress.close()
