"""THE origin decision: exact, normalised as browsers do, closed by default, the same everywhere within two seconds."""

import asyncio
import contextlib
import ipaddress

import idna
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert

from server.kit.errors import InvalidInput
from server.storage import Database
from server.storage.bus import LocalBus
from server.storage.migrations import migrate
from server.tenants.origins import FRESH_S, MAX_ORIGINS, OriginDirectory, normalise
from server.tenants.tables import TenantRow
from tests.fakes.clock import START, FakeClock

# ------------------------------------------------------------------ normalise


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://shop.example", "https://shop.example"),
        ("HTTPS://Shop.EXAMPLE/", "https://shop.example"),
        ("https://shop.example:443", "https://shop.example"),
        ("http://shop.example:80", "http://shop.example"),
        ("http://shop.example:443", "http://shop.example:443"),
        ("https://shop.example:80", "https://shop.example:80"),
        ("https://shop.example:0443", "https://shop.example"),
        ("http://localhost:8081", "http://localhost:8081"),
        ("http://127.0.0.1:8081", "http://127.0.0.1:8081"),
        ("https://[2001:DB8::0001]:8443", "https://[2001:db8::1]:8443"),
        ("https://[::1]", "https://[::1]"),
        ("https://[::ffff:1.2.3.4]", "https://[::ffff:102:304]"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("https://BÜCHER.example", "https://xn--bcher-kva.example"),
        ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        ("https://متجر.example", "https://xn--pgbep1f.example"),
        ("https://shop。example", "https://shop.example"),
        ("https://ｓｈｏｐ.example", "https://shop.example"),
        ("https://straße.example", "https://xn--strae-oqa.example"),
        ("https://my_shop.example", "https://my_shop.example"),
        ("https://shop.example.", "https://shop.example."),
        ("https://1shop.example", "https://1shop.example"),
    ],
)
def test_an_origin_is_written_as_browsers_write_it(text: str, expected: str) -> None:
    assert normalise(text) == expected
    assert normalise(expected) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "*",
        "https://*",
        "https://*.example.com",
        "https://",
        "https:",
        "https:///",
        "shop.example",
        "//shop.example",
        "ftp://shop.example",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "chrome-extension://abcdef",
        "data:text/html,x",
        "https:shop.example",
        "https:/shop.example",
        "https:\\\\shop.example",
        "https://shop.example/path",
        "https://shop.example//",
        "https://shop.example?",
        "https://shop.example?x=1",
        "https://shop.example#",
        "https://shop.example#x",
        "https://user@shop.example",
        "https://user:secret@shop.example",
        "https://@shop.example",
        "https://shop.example:",
        "https://shop.example:0",
        "https://shop.example:65536",
        "https://shop.example:999999",
        "https://shop.example:+443",
        "https://shop.example:-1",
        "https://shop.example:４４３",
        "https://shop.example:44 3",
        "https://shop.example:https",
        " https://shop.example",
        "https://shop.example ",
        "https://shop.example\n",
        "https://shop\t.example",
        "https://shop\x00.example",
        "https://shop\u200b.example\u202e",
        "https://shop.example\\@evil.example",
        "https://shop.example%2eevil.example",
        "https://-shop.example",
        "https://shop-.example",
        "https://shop..example",
        "https://.shop.example",
        "https://.",
        "https://shop,example",
        "https://shop.example,https://evil.example",
        "https://shop.example https://evil.example",
        f"https://{'a' * 64}.example",
        "https://" + ".".join(["a" * 60] * 5),
        "https://" + "ü" * 400,
        "https://[::1",
        "https://::1",
        "https://[::1]junk",
        "https://junk[::1]",
        "https://[shop.example]",
        "https://[v1.shop]",
        "https://[::g]",
        "https://[fe80::1%eth0]",
        "https://[1.2.3.4]",
        "https://1.2.3",
        "https://256.1.1.1",
        "https://0x7f.1",
        "https://2130706433",
        "https://shop.0x",
        "https://xn--a\ud800.example",
        "https://♥♥\u0338.example",
    ],
)
def test_what_is_no_origin_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        normalise(text)
    assert refused.value.code == "invalid_origin"


labels = st.from_regex(r"[a-z]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True).filter(lambda label: label[2:4] != "--")
names = st.lists(labels, min_size=1, max_size=4).map(".".join)
ipv4 = st.ip_addresses(v=4).map(str)
ipv6 = st.ip_addresses(v=6).filter(lambda address: address.ipv4_mapped is None).map(lambda address: f"[{address}]")
canonical = st.builds(
    lambda scheme, host, port: (
        f"{scheme}://{host}" + ("" if port in (None, {"http": 80, "https": 443}[scheme]) else f":{port}")
    ),
    st.sampled_from(["http", "https"]),
    st.one_of(names, ipv4, ipv6),
    st.one_of(st.none(), st.integers(1, 65_535)),
)


@given(canonical)
def test_what_a_browser_sends_is_kept_as_it_is(origin: str) -> None:
    assert normalise(origin) == origin


@given(canonical, canonical)
def test_different_origins_stay_different(one: str, other: str) -> None:
    assert (normalise(one) == normalise(other)) == (one == other)


@given(canonical, st.data())
def test_case_never_matters(origin: str, data: st.DataObject) -> None:
    flips = data.draw(st.lists(st.booleans(), min_size=len(origin), max_size=len(origin)))
    mixed = "".join(character.upper() if flip else character for character, flip in zip(origin, flips, strict=True))
    assert normalise(mixed) == origin


@given(st.one_of(st.text(), st.builds("https://{}".format, st.text()), st.builds("{}:{}".format, canonical, st.text())))
def test_whatever_comes_is_an_origin_or_refused_and_an_origin_stays_one(text: str) -> None:
    with contextlib.suppress(InvalidInput):
        origin = normalise(text)
        assert normalise(origin) == origin
        assert origin.isascii()
        assert origin == origin.lower()
        assert not set(origin) & set(" \t\r\n@?#\\*%,")


@given(st.text(st.characters(categories=["Ll", "Lo"]), min_size=1, max_size=20))
def test_international_names_are_idna(name: str) -> None:
    try:
        expected = idna.encode(f"{name}.example", uts46=True).decode()
    except idna.IDNAError:
        return
    if len(expected) <= 253:
        assert normalise(f"https://{name}.example") == f"https://{expected}"


def test_one_ipv6_address_has_one_form() -> None:
    address = ipaddress.IPv6Address("2001:db8::a:0:0:1")
    assert normalise(f"https://[{address.exploded}]") == normalise(f"https://[{address}]")


# ------------------------------------------------------------------ the decision

SHOP, PORT, OTHER = "https://shop.example", "https://shop.example:8443", "https://other.example"


class Setting:
    """A directory over a database with tenants 1, 2 and 3."""

    def __init__(self, database: Database, clock: FakeClock) -> None:
        self.database, self.clock, self.bus = database, clock, LocalBus()
        self.directory = OriginDirectory(database, self.bus, clock)

    async def add_tenants(self) -> None:
        async with self.database.transaction() as session:
            rows = [
                {"id": n, "uid": f"t{n}", "name": "T", "plan": "pro", "language": "fr", "created_at": START}
                for n in (1, 2, 3)
            ]
            await session.execute(insert(TenantRow), rows)

    async def allows(self, tenant_id: int, origin: str | None) -> bool:
        return (await self.directory.decide(tenant_id, origin)).allowed


@pytest.fixture
async def setting(database: Database, clock: FakeClock) -> Setting:
    made = Setting(database, clock)
    await made.add_tenants()
    return made


async def test_the_matrix_of_origins_and_tenants(setting: Setting) -> None:
    """Tenant 1 lists SHOP, tenant 2 lists SHOP:8443 and OTHER, tenant 3 lists nothing: nobody may use it."""
    await setting.directory.add(1, SHOP)
    await setting.directory.add(2, PORT)
    await setting.directory.add(2, OTHER)
    asked = [SHOP, PORT, OTHER, "http://shop.example", "null"]
    allowed = {(origin, tenant) for origin in asked for tenant in (1, 2, 3) if await setting.allows(tenant, origin)}
    assert allowed == {(SHOP, 1), (PORT, 2), (OTHER, 2)}
    listed = [origin for origin in asked if await setting.directory.is_listed_anywhere(origin)]
    assert listed == [SHOP, PORT, OTHER]


async def test_refusals_say_why(setting: Setting) -> None:
    await setting.directory.add(1, SHOP)
    cases: list[tuple[str | None, str]] = [
        (None, "origin_missing"),
        ("", "origin_not_allowed"),
        ("null", "origin_not_allowed"),
        ("http://shop.example", "origin_not_allowed"),
        ("https://www.shop.example", "origin_not_allowed"),
        ("https://shop.example.evil.example", "origin_not_allowed"),
        ("https://evilshop.example", "origin_not_allowed"),
        ("https://shop.example:444", "origin_not_allowed"),
        ("https://shop.example.", "origin_not_allowed"),
        ("https://shop.example/path", "origin_not_allowed"),
        ("https://" + "a" * 10_000, "origin_not_allowed"),
    ]
    for origin, code in cases:
        decision = await setting.directory.decide(1, origin)
        assert (decision.allowed, decision.origin, decision.code) == (False, None, code), origin


async def test_an_allowed_origin_comes_back_normalised(setting: Setting) -> None:
    assert await setting.directory.add(1, "HTTPS://Shop.Example:443/") == SHOP
    decision = await setting.directory.decide(1, "https://SHOP.example")
    assert (decision.allowed, decision.origin, decision.code) == (True, SHOP, "")


async def test_the_eleventh_origin_is_refused(setting: Setting) -> None:
    for number in range(MAX_ORIGINS):
        await setting.directory.add(1, f"https://shop{number}.example")
    with pytest.raises(InvalidInput) as refused:
        await setting.directory.add(1, "https://shop10.example")
    assert refused.value.code == "too_many_origins"
    await setting.directory.add(1, "https://shop3.example")  # listed already
    await setting.directory.add(2, "https://shop10.example")
    assert len(await setting.directory.of(1)) == MAX_ORIGINS
    assert await setting.directory.remove(1, "https://SHOP3.example")
    await setting.directory.add(1, "https://shop10.example")


async def test_origins_added_at_once_are_never_more_than_ten(setting: Setting) -> None:
    adding = (setting.directory.add(1, f"https://shop{number}.example") for number in range(25))
    answers = await asyncio.gather(*adding, return_exceptions=True)
    assert sum(isinstance(answer, str) for answer in answers) == MAX_ORIGINS
    assert len(await setting.directory.of(1)) == MAX_ORIGINS


async def test_a_change_is_effective_at_once_where_it_is_made(setting: Setting) -> None:
    assert not await setting.allows(1, SHOP)
    await setting.directory.add(1, SHOP)
    assert await setting.allows(1, SHOP)
    assert await setting.directory.remove(1, SHOP)
    assert not await setting.allows(1, SHOP)
    assert not await setting.directory.remove(1, SHOP)


async def test_a_notice_from_another_process_is_effective_at_once(setting: Setting) -> None:
    other = OriginDirectory(setting.database, setting.bus, setting.clock)
    assert not await setting.allows(1, SHOP)
    await other.add(1, SHOP)
    assert await setting.allows(1, SHOP)


async def test_a_change_without_a_notice_is_effective_within_two_seconds(setting: Setting) -> None:
    other = OriginDirectory(setting.database, LocalBus(), setting.clock)
    assert not await setting.allows(1, SHOP)
    await other.add(1, SHOP)
    assert not await setting.allows(1, SHOP)  # the list is kept, not read for every request
    await setting.clock.advance(FRESH_S + 0.01)
    assert FRESH_S < 2
    assert await setting.allows(1, SHOP)
    await other.remove(1, SHOP)
    await setting.clock.advance(FRESH_S + 0.01)
    assert not await setting.allows(1, SHOP)


async def test_a_database_that_failed_is_asked_again_instead_of_refusing_everybody(
    tmp_path_factory: pytest.TempPathFactory, clock: FakeClock
) -> None:
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('late')}/late.db")
    setting = Setting(database, clock)
    with pytest.raises(Exception, match="allowed_origins"):  # no table yet
        await setting.allows(1, SHOP)
    await migrate(database)
    await setting.add_tenants()
    await OriginDirectory(database, LocalBus(), clock).add(1, SHOP)
    assert await setting.allows(1, SHOP)
    await database.close()


async def test_the_list_is_in_order_and_of_one_tenant(setting: Setting) -> None:
    for origin in (SHOP, OTHER, PORT):
        await setting.directory.add(1, origin)
    await setting.directory.add(2, SHOP)
    assert await setting.directory.of(1) == [SHOP, OTHER, PORT]
    assert await setting.directory.of(3) == []


async def test_junk_is_never_listed(setting: Setting) -> None:
    for junk in ("null", "*", "https://*.example", "https://shop.example/path"):
        with pytest.raises(InvalidInput):
            await setting.directory.add(1, junk)
        assert not await setting.directory.is_listed_anywhere(junk)
    assert await setting.directory.of(1) == []
