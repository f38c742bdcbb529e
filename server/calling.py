"""The other half of the composition root: all that calls with people need, from phone network to recordings."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from server import openai_service
from server.agents.port import AgentEngine, KnowledgeSearch
from server.browser import MediaNetwork
from server.calls.aftermath import SETTLED, Aftermath
from server.calls.ai_voice import AgentVoices
from server.calls.artefacts import CallArtefacts
from server.calls.cable import CableParts
from server.calls.call_services import CallServices
from server.calls.custody import Custody
from server.calls.feed import CallFeed
from server.calls.handsets import HandsetParts
from server.calls.inbound import Inbound
from server.calls.keepsakes import CallKeepsakes
from server.calls.listeners import Listeners
from server.calls.live_calls import LiveCalls
from server.calls.metrics import CallMetrics
from server.calls.outbox import Act, Outbox
from server.calls.replay import ReplayParts, Replays
from server.calls.room_clock import RoomClock
from server.calls.sample import SampleCall
from server.calls.service import CallParts, Calls
from server.calls.store import Call, CallEvent, CallStore
from server.calls.texts import Texts
from server.calls.toll_guard import Attempt, Dial, TollGuard
from server.calls.webhook_events import CallNews, NewsParts
from server.kit.clock import Clock
from server.kit.tasks import TaskScope
from server.media.frame import Frame, frames_of
from server.recordings import Recordings
from server.sessions import SigningKeys
from server.sessions.cable_tokens import CableTokens
from server.sessions.grants import CallGrants, player_grants, softphone_grants
from server.sessions.handsets import HandsetTickets
from server.sessions.recording_links import RecordingLinks
from server.settings import Settings
from server.speech.engines import SpeechEngines
from server.speech.port import SpeechFailed
from server.storage import Database
from server.storage.bus import Bus
from server.storage.idempotency import IdempotencyKeys
from server.storage.objects import LocalObjects, ObjectStore
from server.storage.s3_objects import Bucket, S3Objects
from server.storage.secret import MasterSecret
from server.telephony.providers import VirtualDriver, VirtualExchange, VirtualNumbers
from server.telephony.providers.virtual.magic import SPEAKS, magic_numbers
from server.tenants.audit import AuditLog
from server.tenants.credentials import Credentials
from server.tenants.destinations import Destinations
from server.tenants.phone_numbers import PhoneNumbers
from server.tenants.relay_numbers import RelayNumbers
from server.tenants.revocations import Revocations
from server.tenants.service import Tenants
from server.transcripts import RecognitionQueue
from server.webhooks import Webhooks

_SCRIPT_LANGUAGE = "en"  # what the numbers that speak by themselves say


@dataclass(frozen=True)
class Foundations:
    """What is there before calls are: made once for everything."""

    settings: Settings
    clock: Clock
    database: Database
    bus: Bus
    secret: MasterSecret
    keys: SigningKeys
    tenants: Tenants
    credentials: Credentials
    speech: SpeechEngines
    engines: Mapping[str, AgentEngine]
    knowledge: Callable[[int, str], KnowledgeSearch]
    rooms: RoomClock
    network: MediaNetwork
    metrics: CallMetrics


@dataclass(frozen=True)
class Calling:
    """Calls with people, composed."""

    calls: Calls
    live: LiveCalls
    softphones: CallGrants
    players: CallGrants
    recordings: Recordings
    recording_links: RecordingLinks
    exchange: VirtualExchange
    driver: VirtualDriver
    outbox: Outbox
    webhooks: Webhooks
    cable: CableParts
    artefacts: CallArtefacts
    idempotency: IdempotencyKeys
    replays: Replays
    handsets: HandsetParts
    handset_tickets: HandsetTickets
    sample: SampleCall
    numbers: PhoneNumbers
    texts: Texts
    destinations: Destinations
    custody: Custody
    relay_numbers: RelayNumbers

    @classmethod
    @asynccontextmanager
    async def open(cls, base: Foundations) -> AsyncIterator["Calling"]:
        """Compose; close everything at the end of the block, calls first."""
        settings, clock = base.settings, base.clock
        async with AsyncExitStack() as closing:
            recordings = Recordings(base.database, _objects(settings), clock, settings.data_dir / "recording")
            closing.push_async_callback(recordings.close)
            webhooks = await closing.enter_async_context(
                Webhooks.open(base.database, base.secret, settings.egress_policy, clock)
            )
            acts: dict[str, Act] = {}
            outbox = Outbox(base.database, clock, acts)

            def logged(call_id: int) -> None:
                outbox.poke()
                feed.committed(call_id)

            store = CallStore(base.database, clock, logged)
            feed = CallFeed(store, base.bus)
            closing.push_async_callback(feed.close)
            closing.push_async_callback((revocations := Revocations(base.database, base.bus, clock)).close)
            closing.push_async_callback((queue := RecognitionQueue()).close)
            keepsakes = CallKeepsakes(recordings, store, base.speech, queue)
            aftermath = Aftermath(store, keepsakes.segments, openai_service.analyser(settings, closing))
            links, audit = RecordingLinks(base.keys, clock), AuditLog(base.database)
            artefacts = CallArtefacts(store, recordings, links, settings.origin)
            cables = CableTokens(base.keys, clock)
            acts |= _acts(base, (news := NewsParts(store, artefacts, webhooks, cables)), aftermath)
            phones = _phones(base, closing)
            live = _live(base, store, phones, keepsakes, closing)
            grants = base.database, base.keys, clock
            softphones, players = softphone_grants(*grants), player_grants(*grants)
            closing.push_async_callback((watch := Listeners(revocations)).close)
            owned = (base.tenants, base.credentials, phones.numbers, audit, phones.guard, watch)
            parts = CallParts(store, live, keepsakes, softphones, players, *owned, clock)
            texts = _take_in(base, news, live, phones, closing)
            replay_parts = ReplayParts(store, keepsakes, recordings, players, links, clock)
            yield cls(
                Calls(parts, settings.caller_id),
                live,
                softphones,
                players,
                recordings,
                links,
                phones.exchange,
                phones.driver,
                outbox,
                webhooks,
                CableParts(store, feed, cables, revocations, clock),
                artefacts,
                IdempotencyKeys(base.database, base.secret, clock),
                Replays(replay_parts, settings.origin),
                phones.handsets(base),
                HandsetTickets(base.keys, clock),
                SampleCall(store, recordings, base.speech, clock, base.tenants.default_project),
                phones.numbers,
                texts,
                phones.destinations,
                Custody(store, recordings, audit, clock),
                phones.relay_numbers,
            )

    async def recover(self, *, all_of_them: bool) -> None:
        """End calls whose process is gone, and finish their recordings; `all_of_them` when no other process runs."""
        await self.live.recover(all_of_them=all_of_them)
        await self.recordings.recover()


@dataclass(frozen=True)
class _Phones:
    """The virtual network, whose its numbers are, and which numbers may be called from it."""

    exchange: VirtualExchange
    driver: VirtualDriver
    simulation: VirtualDriver  # of the calls of test keys
    numbers: PhoneNumbers
    destinations: Destinations
    relay_numbers: RelayNumbers
    guard: TollGuard

    def handsets(self, base: Foundations) -> HandsetParts:
        """What browsers need to be telephones of this network."""
        return HandsetParts(self.exchange.subscribe, self.driver.call_in, self.driver.text_in, base.network, base.clock)


def _phones(base: Foundations, closing: AsyncExitStack) -> _Phones:
    """Numbers that answer by themselves cost nobody anything: they may be called whatever a tenant allows."""
    closing.push_async_callback((scripts := TaskScope("magic numbers")).close)
    magic = magic_numbers(base.clock, scripts, _Saying(base.speech))
    exchange = VirtualExchange()
    driver = VirtualDriver(exchange, magic, base.clock)
    closing.push_async_callback(driver.stop, 0)
    simulation = VirtualDriver(VirtualExchange(), magic, base.clock, others=magic[SPEAKS])
    closing.push_async_callback(simulation.stop, 0)
    destinations = Destinations(base.database, base.clock, frozenset(magic))
    return _Phones(
        exchange,
        driver,
        simulation,
        PhoneNumbers(base.database, base.credentials, base.clock),
        destinations,
        RelayNumbers(base.database, VirtualNumbers(), destinations, base.credentials, base.clock),
        TollGuard(base.database, destinations, base.clock, base.metrics.dial_refused),
    )


def _take_in(base: Foundations, parts: NewsParts, live: LiveCalls, phones: _Phones, closing: AsyncExitStack) -> Texts:
    """Calls and text messages that come to the numbers of projects."""
    inbound = Inbound(
        phones.numbers, phones.relay_numbers, base.credentials, base.tenants, phones.guard, parts.store, live
    )
    closing.push_async_callback(inbound.close)
    phones.driver.on_incoming(inbound.take)
    texts = Texts(base.database, phones.numbers, parts.webhooks, base.clock)
    phones.driver.on_text(texts.receive)
    return texts


def _live(
    base: Foundations, store: CallStore, phones: _Phones, keepsakes: CallKeepsakes, closing: AsyncExitStack
) -> LiveCalls:
    async def permit(call: Call, number: str) -> None:
        await phones.guard.ring(Attempt(call.tenant_id, call.uid, [Dial(number, "to")], livemode=call.livemode))

    live = LiveCalls(
        CallServices(
            store=store,
            clock=base.clock,
            room_clock=base.rooms,
            network=base.network,
            driver=phones.driver,
            simulation=phones.simulation,
            keepsakes=keepsakes,
            open_ai=AgentVoices(base.engines, base.knowledge, base.credentials, base.clock).open,
            permit=permit,
            say=_Saying(base.speech),
            count_refused=base.metrics.refused_transitions.inc,
            patience_s=base.settings.call_resume_s,
        )
    )
    base.metrics.count_calls(live.__len__)
    closing.push_async_callback(live.close)
    return live


def _acts(base: Foundations, parts: NewsParts, aftermath: Aftermath) -> Mapping[str, Act]:
    """What is done about what a call's log says: webhooks are told, settled calls are judged."""
    told = CallNews(parts, base.tenants.default_project).acts()
    return {**told, SETTLED: _both(told[SETTLED], aftermath.settled)}


def _both(first: Act, second: Act) -> Act:
    """One act of two; when the second fails, both are tried again."""

    async def act(event: CallEvent) -> None:
        await first(event)
        await second(event)

    return act


class _Saying:
    """The voice of numbers that speak by themselves, and of announcements."""

    def __init__(self, speech: SpeechEngines) -> None:
        self._speech = speech

    async def __call__(self, sentence: str, language: str = _SCRIPT_LANGUAGE) -> Sequence[Frame]:
        voice = self._speech.tts_for(language)
        if voice is None:
            return []
        frames: list[Frame] = []
        try:
            async for piece in voice.synthesize(sentence, language, None):
                frames += frames_of(piece)
        except SpeechFailed:
            return []
        return frames


def _objects(settings: Settings) -> ObjectStore:
    if settings.storage_url is None:
        return LocalObjects(settings.data_dir / "objects")
    secret = settings.storage_secret_key.get_secret_value() if settings.storage_secret_key else None
    return S3Objects(
        Bucket.from_url(
            settings.storage_url,
            settings.storage_endpoint,
            settings.storage_region,
            settings.storage_access_key,
            secret,
        )
    )
