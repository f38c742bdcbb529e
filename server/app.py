"""The composition root: the one place where concrete things meet. Everything arrives by constructor from here."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from quart import Quart

from server.agents.engines import BuiltinEngine, ChatEngine
from server.agents.port import AgentEngine
from server.browser import MediaNetwork
from server.calls.conversation import Limits, Services
from server.calls.metrics import CallMetrics
from server.calls.registry import LiveConversations
from server.calls.visits import WidgetVisits
from server.calls.voice import VoicePath
from server.conversations import Conversations
from server.kit.clock import Clock, SystemClock
from server.kit.log import configure_logging, logger
from server.knowledge import KnowledgeBase
from server.sessions import SigningKeys, WidgetSessions
from server.settings import Settings
from server.speech.engines import SpeechEngines
from server.speech.providers import OpenAiSpeechToText, OpenAiTextToSpeech, offline_engines
from server.storage import Database
from server.storage.bus import Bus, LocalBus
from server.storage.migrations import migrate
from server.storage.rate import LocalRates, Rates
from server.storage.redis_bus import RedisBus, RedisRates, connect
from server.storage.secret import MasterSecret
from server.tenants.credentials import Credentials
from server.tenants.origins import OriginDirectory
from server.tenants.service import Tenants
from server.web.client_address import ClientAddresses
from server.web.widget_guard import WidgetGuard

_log = logger(__name__)

_WARM_WAIT_S = 12.0


@dataclass
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
    guard: WidgetGuard
    metrics: CallMetrics
    has_redis: Callable[[], object] | None = field(default=None)

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        settings: Settings,
        *,
        clock: Clock | None = None,
        speech: SpeechEngines | None = None,
        engines: dict[str, AgentEngine] | None = None,
    ) -> AsyncIterator["Parloir"]:
        """Compose from `settings`, migrate nothing, close everything at the end of the block."""
