"""The composition root: the one place where concrete things meet. Everything arrives by constructor from here."""

import contextlib
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from quart import Quart

from server import openai_service
from server.agents.engines import BuiltinEngine
from server.agents.knowledge_answers import said_word_for_word
from server.agents.port import AgentEngine
from server.browser import IceServers, MediaNetwork
from server.calling import Calling, Foundations
from server.calls.conversation import Limits, Services
from server.calls.metrics import CallMetrics
from server.calls.registry import LiveConversations
from server.calls.room_clock import RoomClock
from server.calls.visits import WidgetVisits
from server.calls.voice import VoicePath
from server.conversations import Conversations
from server.identity import Identity
from server.identity.smtp import SmtpPost
from server.kit.clock import Clock, SystemClock
from server.kit.log import logger
from server.knowledge import KnowledgeBase, parse
from server.sessions import SigningKeys, WidgetSessions
from server.sessions.frames import FrameTickets
from server.settings import Settings
from server.speech.coverage import PRODUCT_LANGUAGES, EngineState
from server.speech.engines import SpeechEngines
from server.speech.providers import offline_engines
from server.storage import Database
from server.storage.bus import Bus, LocalBus
from server.storage.migrations import migrate
from server.storage.rate import LocalRates, Rates
from server.storage.redis_bus import RedisBus, RedisRates, connect
from server.storage.secret import MasterSecret
from server.tenants.audit import AuditLog
from server.tenants.credentials import Credentials
from server.tenants.keyring import Keyring
from server.tenants.origins import OriginDirectory
from server.tenants.projects import Projects
from server.tenants.service import Tenants
from server.web.application import web_app
from server.web.assets import AssetManifest
from server.web.cable import cable
from server.web.calls_api import call_links_api, calls_api
from server.web.client_address import ClientAddresses
from server.web.console import console
from server.web.console_desk import ConsoleParts
from server.web.dev_outbox import DEV_OUTBOX, dev_outbox
from server.web.documentation import documentation
from server.web.embed import embed
from server.web.embed_socket import embed_socket
from server.web.frame import frame
from server.web.handset import handset
from server.web.health import health
from server.web.identity_api import identity_api
from server.web.limits import limits
from server.web.pages import ROOT, StartPage, pages
from server.web.phone_calls_api import agents_api, phone_calls_api
from server.web.player import player
from server.web.project_guard import ProjectGuard
from server.web.recordings import recordings
from server.web.relay_numbers_api import relay_numbers_api
from server.web.webhooks_api import webhook_log_api, webhooks_api
from server.web.widget import widget
from server.web.widget_guard import WidgetGuard
from server.web.widget_socket import widget_socket
from server.widgets import OptionTable, WidgetOptions

_log = logger(__name__)

WARM_WAIT_S = 12.0
TIDY_EVERY_S = 60.0
SPOKEN_AHEAD_MAX = 200  # known answers spoken before anybody asks, a language


@dataclass(frozen=True)
class Parloir:
    """The product, composed. `open()` makes it and closes it; nothing listens until it is served."""

    settings: Settings
    clock: Clock
    database: Database
    tenants: Tenants
    credentials: Credentials
    origins: OriginDirectory
    signing_keys: SigningKeys
    sessions: WidgetSessions
    conversations: Conversations
    knowledge: KnowledgeBase
    speech: SpeechEngines
    live: LiveConversations
    visits: WidgetVisits
    calling: Calling
    metrics: CallMetrics
    widget_options: WidgetOptions
    rates: Rates
    identity: Identity
    secret: MasterSecret

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        settings: Settings,
        *,
        clock: Clock | None = None,
        speech: SpeechEngines | None = None,
        engines: Mapping[str, AgentEngine] | None = None,
    ) -> AsyncIterator["Parloir"]:
        """Compose from `settings`; close everything at the end of the block. Tests pass what they replace."""
        clock = clock or SystemClock()
        secret = MasterSecret.from_file(settings.data_dir / "master.secret")  # makes the folder
        async with AsyncExitStack() as closing:
            database = Database(*settings.database_access)
            closing.push_async_callback(database.close)
            bus, rates = _bus_and_rates(settings, clock, closing)
            credentials = _credentials(database, secret, bus, clock, closing)
            origins = OriginDirectory(database, bus, clock)
            options = WidgetOptions(database, OptionTable.load(ROOT / "widget" / "options.json"), bus, clock)
            keys = SigningKeys(database, secret, clock)
            sessions = WidgetSessions(database, keys, credentials, rates, clock, settings.resume_s)
            conversations = Conversations(database, clock)
            closing.push_async_callback((speech := speech or _speech(settings)).close)
            closing.push_async_callback((knowledge := KnowledgeBase(database, speech.embedder, clock)).close)
            base = Foundations(
                settings=settings,
                clock=clock,
                database=database,
                bus=bus,
                secret=secret,
                keys=keys,
                tenants=Tenants(database, credentials, origins, clock),
                credentials=credentials,
                speech=speech,
                engines=engines or _engines(settings, speech, clock, closing),
                knowledge=knowledge.bound,
                rooms=_rooms(clock, metrics := CallMetrics()),
                network=_network(settings),
                metrics=metrics,
            )
            yield cls(
                settings,
                clock,
                database,
                base.tenants,
                credentials,
                origins,
                keys,
                sessions,
                conversations,
                knowledge,
                speech,
                live := _live_conversations(base, sessions, conversations, closing),
                WidgetVisits(sessions, conversations, live, _Voice(speech), _ice(settings, clock), options),
                await closing.enter_async_context(Calling.open(base)),
                base.metrics,
                options,
                rates,
                _identity(base, rates, closing),
                secret,
            )

    @property
    def keyring(self) -> Keyring:
        return Keyring(self.database, self.credentials, self.calling.cable.revocations, self.clock)

    @property
    def audit(self) -> AuditLog:
        return AuditLog(self.database)

    async def migrate(self) -> None:
        """Bring the database to the newest schema."""
        await migrate(self.database)

    async def import_knowledge(self, tenant_id: int, name: str, raw: bytes, language: str) -> int:
        """Read a file into the tenant's knowledge; returns how many entries it brought. Raises InvalidInput."""
        entries = parse(name, raw, language)
        await self.speech.warmed()
        return (await self.knowledge.replace(tenant_id, name, entries)).documents

    async def speak_ahead(self) -> None:
        """Once the engines are there, have what every agent may say word for word spoken in the background."""
        await self.speech.warmed()
        for tenant in await self.tenants.all():
            known = await self.knowledge.answers(tenant.id)
            for agent in await self.tenants.agents(tenant.id):
                for language in dict.fromkeys([agent.language, *PRODUCT_LANGUAGES]):
                    answers = [answer.text for answer in known if answer.language == language][:SPOKEN_AHEAD_MAX]
                    if voice := self.speech.tts_for(language):
                        await voice.prepare(said_word_for_word(agent, language, answers), language, agent.voice)

    async def recover(self) -> None:
        """At start-up, after migrate(): what the processes before this one left open."""
        await self.calling.recover(all_of_them=self.database.has_one_process)

    async def tidy(self) -> None:
        """End, every minute, the conversations of processes that died and were not come back to; forget what ended."""
        while True:
            try:
                await self.identity.tidy()
                await self.calling.recordings.recover()
                for conversation_uid in await self.sessions.reap("server"):
                    await self.conversations.end(conversation_uid, "server")
            except Exception as failure:  # noqa: BLE001  # whatever a database raises: the next minute may succeed
                _log.warning("what is over could not be put away", exc_info=failure)
            await self.clock.sleep(TIDY_EVERY_S)

    async def readiness(self) -> dict[str, str]:
        """Every part and its state, for /readyz."""
        parts = {"database": "ready" if await self.database.is_reachable() else "not reachable"}
        for status in self.speech.states:
            parts[f"speech {status.part.value} {status.engine}"] = status.reason or status.state.value
        return parts


def create_app(parloir: Parloir, start_page: StartPage, assets: AssetManifest, *, shows_outbox: bool = False) -> Quart:
    """The server's web application over a composed product. `shows_outbox`: mails that are not sent, at DEV_OUTBOX."""
    tickets = FrameTickets(parloir.signing_keys, parloir.clock)
    addresses = ClientAddresses(parloir.settings.trusted_proxies)
    guard = WidgetGuard(
        parloir.credentials,
        parloir.origins,
        parloir.sessions,
        tickets,
        addresses,
        parloir.settings.origin,
    )
    calling = parloir.calling
    asking = ProjectGuard(
        parloir.credentials, parloir.identity.tokens, parloir.tenants, parloir.rates, parloir.settings.origin
    )
    surfaces = [
        limits(parloir.rates, addresses),
        health(parloir.readiness, parloir.metrics.registry),
        pages(assets, start_page),
        widget(guard, parloir.visits, parloir.widget_options.table),
        widget_socket(guard, parloir.visits),
        frame(parloir.credentials, parloir.origins, tickets),
        calls_api(asking, calling.calls, calling.cable.tokens, calling.idempotency),
        call_links_api(asking, calling.calls, calling.idempotency, parloir.settings.origin),
        embed(calling.calls, calling.softphones, parloir.origins, assets, _ice(parloir.settings, parloir.clock)),
        embed_socket(calling.calls),
        player(calling.replays, calling.players, parloir.origins, assets),
        recordings(calling.recordings, calling.recording_links, calling.custody),
        identity_api(asking, parloir.identity, parloir.tenants, addresses),
        agents_api(asking, calling.calls, parloir.tenants, calling.artefacts),
        phone_calls_api(asking, calling.calls, calling.artefacts, calling.cable.tokens, calling.idempotency),
        relay_numbers_api(asking, calling.relay_numbers, calling.idempotency),
        webhooks_api(asking, calling.webhooks, calling.idempotency),
        webhook_log_api(asking, calling.webhooks, calling.idempotency),
        cable(calling.cable, parloir.origins, parloir.settings.origin, is_open=parloir.settings.cable_open_origins),
        handset(calling.handset_tickets, calling.handsets, assets),
        documentation(parloir.settings.origin),
        console(console_parts(parloir, assets), DEV_OUTBOX if shows_outbox else None),
    ]
    if shows_outbox and parloir.identity.outbox is not None:
        surfaces.append(dev_outbox(parloir.identity.outbox, addresses, parloir.settings.origin))
    return web_app(parloir.origins, surfaces)


def console_parts(parloir: Parloir, assets: AssetManifest) -> ConsoleParts:
    return ConsoleParts(
        identity=parloir.identity,
        tenants=parloir.tenants,
        projects=Projects(parloir.database, parloir.clock),
        credentials=parloir.credentials,
        keyring=parloir.keyring,
        origins=parloir.origins,
        relays=parloir.calling.relay_numbers,
        webhooks=parloir.calling.webhooks,
        calls=parloir.calling.calls,
        knowledge=parloir.knowledge,
        audit=parloir.audit,
        secret=parloir.secret,
        clock=parloir.clock,
        assets=assets,
        addresses=ClientAddresses(parloir.settings.trusted_proxies),
        origin=parloir.settings.origin,
    )


def _rooms(clock: Clock, metrics: CallMetrics) -> RoomClock:
    rooms = RoomClock(clock, metrics.ticked)
    metrics.count_ticks(lambda: rooms.pace)
    return rooms


def _credentials(
    database: Database, secret: MasterSecret, bus: Bus, clock: Clock, closing: AsyncExitStack
) -> Credentials:
    credentials = Credentials(database, secret, bus, clock)
    closing.push_async_callback(credentials.use.write)
    return credentials


def _identity(base: Foundations, rates: Rates, closing: AsyncExitStack) -> Identity:
    server = base.settings.mail_server
    identity = Identity.over(
        base.database,
        base.tenants,
        base.secret,
        rates,
        base.clock,
        server_name=base.settings.origin,
        post=SmtpPost(server, base.clock) if server is not None else None,
    )
    closing.push_async_callback(identity.close)
    return identity


def _live_conversations(
    base: Foundations, sessions: WidgetSessions, conversations: Conversations, closing: AsyncExitStack
) -> LiveConversations:
    """Closed before the clock of their rooms."""
    closing.push_async_callback(base.rooms.close)
    live = LiveConversations(
        base.engines,
        base.knowledge,
        Services(
            conversations=conversations,
            lease=sessions,
            clock=base.clock,
            limits=Limits(resume_s=base.settings.resume_s),
            new_voice_path=lambda tasks: VoicePath(tasks, base.network, base.rooms, base.clock),
            metrics=base.metrics,
        ),
    )
    closing.push_async_callback(live.close, 0)
    base.metrics.count_live(live.__len__)
    return live


class _Voice:
    """Whether voice is to be had: while engines still load it is, and whoever opens a call waits for them."""

    def __init__(self, speech: SpeechEngines) -> None:
        self._speech = speech

    def is_expected(self, language: str) -> bool:
        loading = any(status.state in (EngineState.WAITING, EngineState.LOADING) for status in self._speech.states)
        return loading or self._speech.voice_ready(language)

    async def is_ready(self, language: str) -> bool:
        if not self._speech.voice_ready(language):
            with contextlib.suppress(TimeoutError):
                await self._speech.warmed(WARM_WAIT_S)
        return self._speech.voice_ready(language)


def _bus_and_rates(settings: Settings, clock: Clock, closing: AsyncExitStack) -> tuple[Bus, Rates]:
    local = LocalRates(clock)
    if settings.redis_url is None:
        return LocalBus(), local
    redis = connect(settings.redis_url)
    closing.push_async_callback(redis.aclose)
    bus = RedisBus(redis)
    closing.push_async_callback(bus.close)
    return bus, RedisRates(redis, local)


def _speech(settings: Settings) -> SpeechEngines:
    return offline_engines(
        settings.data_dir,
        model_overrides={"whisper-base": settings.whisper_model} if settings.whisper_model else None,
        first_stt=openai_service.ears(settings),
        first_tts=openai_service.voices(settings),
        first_sound_s=settings.first_sound_s,
    )


def _engines(
    settings: Settings, speech: SpeechEngines, clock: Clock, closing: AsyncExitStack
) -> Mapping[str, AgentEngine]:
    engines: dict[str, AgentEngine] = {"builtin": BuiltinEngine(speech, clock)}
    chat = openai_service.agent_engine(settings, speech, clock, closing)
    if chat is not None:
        engines["openai"] = chat
    return engines


def _network(settings: Settings) -> MediaNetwork:
    return MediaNetwork(
        bind_addresses=settings.resolved_media_addresses,
        port_min=settings.media_port_min,
        port_max=settings.media_port_max,
        public_address=settings.media_public_address,
        stun_urls=tuple(server.urls for server in settings.page_ice_servers if server.urls.startswith("stun:")),
    )


def _ice(settings: Settings, clock: Clock) -> IceServers:
    """What pages are told; `_network` is what this server does itself."""
    secret = settings.turn_secret.get_secret_value() if settings.turn_secret else None
    return IceServers(clock, settings.page_ice_servers, secret, settings.turn_ttl_s, settings.ice_relay_only)
