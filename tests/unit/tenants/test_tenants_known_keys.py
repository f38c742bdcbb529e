"""What a key opened is remembered for a moment, and never past the notice that it was revoked."""

import pytest

from server.storage.bus import LocalBus
from server.tenants.known_keys import FRESH_S, KnownKey, KnownKeys
from server.tenants.revocations import TOPIC
from tests.fakes.clock import FakeClock


class Keys:
    """What the database has."""

    def __init__(self) -> None:
        self.kept: dict[str, KnownKey[str]] = {"a": KnownKey(1, None, "all of a")}
        self.reads = 0
        self.revoke_while_read: LocalBus | None = None

    async def read(self, lookup: str) -> KnownKey[str] | None:
        self.reads += 1
        found = self.kept.get(lookup)
        if self.revoke_while_read is not None:
            self.kept.clear()
            await self.revoke_while_read.publish(TOPIC, "cred_a")
        return found


@pytest.fixture
def bus() -> LocalBus:
    return LocalBus()


@pytest.fixture
def known(bus: LocalBus, clock: FakeClock) -> KnownKeys[str]:
    return KnownKeys(bus, clock)


async def test_a_key_is_read_once_in_a_moment(known: KnownKeys[str], clock: FakeClock) -> None:
    keys = Keys()
    for _ in range(3):
        assert await known.find("a", keys.read) == keys.kept["a"]
    assert keys.reads == 1
    clock.jump(FRESH_S + 0.1)
    assert await known.find("a", keys.read) == keys.kept["a"]
    assert keys.reads == 2


async def test_a_key_that_is_not_there_is_looked_for_each_time(known: KnownKeys[str]) -> None:
    keys = Keys()
    assert await known.find("b", keys.read) is None
    keys.kept["b"] = KnownKey(2, None, "all of b")
    assert await known.find("b", keys.read) == keys.kept["b"]


async def test_a_notice_of_a_revocation_counts_at_once(known: KnownKeys[str], bus: LocalBus) -> None:
    keys = Keys()
    assert await known.find("a", keys.read) is not None
    keys.kept.clear()
    await bus.publish(TOPIC, "cred_a")
    assert await known.find("a", keys.read) is None


async def test_a_key_that_is_revoked_while_it_is_read_is_not_remembered(known: KnownKeys[str], bus: LocalBus) -> None:
    keys = Keys()
    keys.revoke_while_read = bus
    assert await known.find("a", keys.read) is not None  # it was good when the request came
    assert await known.find("a", keys.read) is None
