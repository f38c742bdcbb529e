"""THE origin decision: which web pages may use a tenant's widget. CORS, sessions and sockets all read this answer.

An origin is compared exactly: scheme, host and port. No entry means nobody; `null` never matches.
"""

import asyncio
import ipaddress
import re
from dataclasses import dataclass

import idna
from sqlalchemy import delete, select

from server.kit.clock import Clock
from server.kit.errors import InvalidInput
from server.storage import Database
from server.storage.bus import Bus
from server.tenants.tables import AllowedOriginRow, TenantRow

MAX_ORIGINS = 10
MAX_HOST_CHARACTERS = 253
FRESH_S = 1.5  # a change reaches every process within 2 s even when no notice arrives
TOPIC = "origins"

_DEFAULT_PORTS = {"http": 80, "https": 443}
_MAX_PORT = 65_535
_MAX_CHARACTERS = 300  # longer than any host and port
_PARTS = re.compile(
    r"(?P<scheme>https?)://(?:\[(?P<ipv6>[0-9a-f:.]+)\]|(?P<name>[^][:/?#@\\%]+))(?::(?P<port>[0-9]{1,5}))?/?",
    re.IGNORECASE | re.ASCII,
)
_LABELS = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*\.?")
_ENDS_AS_NUMBER = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)\.?")  # browsers read such a host as IPv4 or refuse it


def normalise(text: str) -> str:
    """`text` as browsers write it in the Origin header: lower case, IDNA, no default port, nothing after the host.

    Raises InvalidInput `invalid_origin` for `null`, wildcards, paths, credentials and whatever is no origin.
    """
    parts = _PARTS.fullmatch(text) if len(text) <= _MAX_CHARACTERS else None
    if parts is None:
        raise _invalid()
    scheme = parts["scheme"].lower()
    host = _name(parts["name"]) if parts["name"] else _ipv6(parts["ipv6"])
    port = int(parts["port"] or _DEFAULT_PORTS[scheme])
    if not 0 < port <= _MAX_PORT:
        raise _invalid()
    return f"{scheme}://{host}" if port == _DEFAULT_PORTS[scheme] else f"{scheme}://{host}:{port}"


@dataclass(frozen=True)
class OriginDecision:
    """`origin` is normalised when allowed; `code` says why not otherwise."""

    allowed: bool
    origin: str | None
    code: str


class OriginDirectory:
    """Every tenant's list, and the one function that decides."""

    def __init__(self, database: Database, bus: Bus, clock: Clock) -> None:
        self._database = database
        self._bus = bus
        self._clock = clock
        self._listed: dict[str, frozenset[int]] = {}  # origin -> tenants that list it
        self._read_at: float | None = None
        self._reading = asyncio.Lock()
        bus.listen(TOPIC, self._forget)

    async def decide(self, tenant_id: int, origin: str | None) -> OriginDecision:
        """Whether a page of `origin` (its Origin header) may use the widget of `tenant_id`."""
        if origin is None:
            return OriginDecision(False, None, "origin_missing")
        try:
            normalised = normalise(origin)
        except InvalidInput:
            return OriginDecision(False, None, "origin_not_allowed")
        if tenant_id in (await self._tenants_by_origin()).get(normalised, frozenset()):
            return OriginDecision(True, normalised, "")
        return OriginDecision(False, None, "origin_not_allowed")

    async def is_listed_anywhere(self, origin: str) -> bool:
        """Whether any tenant lists `origin`: all a preflight can be asked."""
        try:
            return normalise(origin) in await self._tenants_by_origin()
        except InvalidInput:
            return False

    async def of(self, tenant_id: int) -> list[str]:
        """The tenant's origins, oldest first."""
        async with self._database.reading() as session:
            rows = await session.scalars(
                select(AllowedOriginRow.origin)
                .where(AllowedOriginRow.tenant_id == tenant_id)
                .order_by(AllowedOriginRow.id)
            )
            return list(rows)

    async def add(self, tenant_id: int, origin: str) -> str:
        """List `origin`; adding it twice changes nothing. Raises `invalid_origin`, `too_many_origins`."""
        normalised = normalise(origin)
        async with self._database.transaction() as session:
            # The tenant's row is the lock: two adds at once may not both be the tenth.
            await session.execute(select(TenantRow.id).where(TenantRow.id == tenant_id).with_for_update())
            listed = list(
                await session.scalars(select(AllowedOriginRow.origin).where(AllowedOriginRow.tenant_id == tenant_id))
            )
            if normalised not in listed:
                if len(listed) >= MAX_ORIGINS:
                    raise InvalidInput("too_many_origins", f"A tenant has at most {MAX_ORIGINS} allowed origins.")
                session.add(AllowedOriginRow(tenant_id=tenant_id, origin=normalised, created_at=self._clock.now()))
        await self._bus.publish(TOPIC, str(tenant_id))
        return normalised

    async def remove(self, tenant_id: int, origin: str) -> bool:
        """Strike `origin` off; False if it was not listed."""
        async with self._database.transaction() as session:
            removed = await session.execute(
                delete(AllowedOriginRow)
                .where(AllowedOriginRow.tenant_id == tenant_id, AllowedOriginRow.origin == normalise(origin))
                .returning(AllowedOriginRow.id)
            )
            was_listed = removed.first() is not None
        await self._bus.publish(TOPIC, str(tenant_id))
        return was_listed

    async def _tenants_by_origin(self) -> dict[str, frozenset[int]]:
        async with self._reading:
            now = self._clock.monotonic()
            if self._read_at is None or now - self._read_at > FRESH_S:
                self._read_at = (
                    now  # before reading: a notice that arrives meanwhile makes the next decision read again
                )
                try:
                    self._listed = await self._read()
                except BaseException:
                    self._read_at = None
                    raise
            return self._listed

    async def _read(self) -> dict[str, frozenset[int]]:
        listed: dict[str, set[int]] = {}
        async with self._database.reading() as session:
            for origin, tenant_id in await session.execute(select(AllowedOriginRow.origin, AllowedOriginRow.tenant_id)):
                listed.setdefault(origin, set()).add(tenant_id)
        return {origin: frozenset(tenants) for origin, tenants in listed.items()}

    def _forget(self, _notice: str) -> None:
        self._read_at = None


def _ipv6(text: str) -> str:
    try:
        return f"[{ipaddress.IPv6Address(text).compressed}]"
    except ValueError:
        raise _invalid() from None


def _name(text: str) -> str:
    """A host as browsers write it: lower-case ASCII; IPv4 only in its usual form."""
    try:
        name = text.lower() if text.isascii() else idna.encode(text, uts46=True).decode()
    except idna.IDNAError:
        raise _invalid() from None
    if len(name) > MAX_HOST_CHARACTERS or not _LABELS.fullmatch(name):
        raise _invalid()
    if _ENDS_AS_NUMBER.fullmatch(name):
        try:
            ipaddress.IPv4Address(name)
        except ValueError:
            raise _invalid() from None
    return name


def _invalid() -> InvalidInput:
    return InvalidInput(
        "invalid_origin", "An origin is a scheme and a host, like https://shop.example or http://localhost:8081."
    )
