"""What `parloir run` does: bring the database up to date, warm the engines, serve, drain, and stop."""

import asyncio
import contextlib
import functools
from pathlib import Path

import click
import uvloop
from quart import Quart

from server import __version__
from server.app import Parloir, console_parts, create_app
from server.identity import NewAccount, Role
from server.kit.clock import Clock
from server.kit.errors import NotAuthenticated
from server.kit.ids import random_text
from server.kit.log import configure_logging
from server.kit.tasks import TaskScope
from server.sessions.handsets import HandsetTicket
from server.settings import Settings
from server.speech.engines import SpeechEngines
from server.tenants.phone_numbers import Keeping
from server.tenants.relay_numbers import Owner, Wish
from server.web.assets import AssetManifest
from server.web.console_sign_in import demo_console
from server.web.demo import DemoTenant, create_demo_app
from server.web.demo_crm import create_crm_app
from server.web.dev_outbox import DEV_OUTBOX
from server.web.handset import demo_handset
from server.web.pages import LOADER, Link, StartPage
from server.web.player import demo_player
from server.web.serving import Listener, serve_until_signal

DEMO_NAME = "Maison Quai"
HANDSET_NUMBER = "+33612345678"
SHOP_NUMBER = "+33159133354"
RELAY_NUMBER = "+33199000042"
SPEAKING_NUMBER = "+15005550006"  # of the virtual network: says four sentences
CRM_PLACE = 3  # ports after the server's
_DEMO_KNOWLEDGE = Path(__file__).parent / "knowledge" / "demo"
DEMO_OWNER = "owner@maison-quai.example"
_DEMO_AGENT = {
    "name": "Maison Quai",
    "handoff_label": "contact@maison-quai.example",
    "handoff_url": "mailto:contact@maison-quai.example",
}


def serve(settings: Settings, *, demo: bool, speech: SpeechEngines | None = None, clock: Clock | None = None) -> None:
    """Serve until a signal; `demo` also serves the shops, `speech` and `clock` replace what it would make.

    Raises OSError when an address cannot be had.
    """
    configure_logging(settings.log_level, settings.log_json)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings, demo, speech, clock))


async def _serve(settings: Settings, demo: bool, speech: SpeechEngines | None, clock: Clock | None) -> None:
    tasks = TaskScope("launch")
    async with Parloir.open(settings, clock=clock, speech=speech) as parloir:
        try:
            await parloir.migrate()
            await parloir.recover()
            parloir.speech.warm()
            listeners, start = [], StartPage(settings.origin, links=_links())
            shows_outbox = demo and parloir.identity.outbox is not None
            if demo:
                tenant = await _seed(parloir)
                listeners = [*_shops(settings, tenant), _crm(settings, await _demo_token(parloir))]
                start = StartPage(
                    settings.origin, _shop_links(settings), _snippet(settings, tenant), _links(shows_outbox)
                )
            tasks.spawn(_prepare(parloir, demo), "prepare")
            tasks.spawn(parloir.tidy(), "tidy")
            tasks.spawn(parloir.credentials.use.keep_writing(), "write key use")
            tasks.spawn(parloir.calling.live.keep_alive(), "keep calls alive")
            tasks.spawn(parloir.calling.outbox.run(), "outbox")
            parloir.calling.cable.feed.start()
            tasks.spawn(parloir.calling.webhooks.dispatcher.run(), "webhooks")
            tls = (settings.tls_cert, settings.tls_key) if settings.tls_cert and settings.tls_key else None
            app = create_app(parloir, start, assets := AssetManifest.load(), shows_outbox=shows_outbox)
            if demo:
                await _add_demo_pages(app, parloir, assets)
            listeners.insert(0, Listener(app, settings.host, settings.port, tls))
            await serve_until_signal(
                listeners,
                functools.partial(_say_what_to_open, settings, start, demo),
                functools.partial(_drain, parloir),
            )
        finally:
            await tasks.close()


async def _add_demo_pages(app: Quart, parloir: Parloir, assets: AssetManifest) -> None:
    """Pages that need no account of the visitor's, for the demo tenant alone."""
    telephone, calling, settings = await _handset(parloir), parloir.calling, parloir.settings
    app.register_blueprint(demo_handset(calling.handset_tickets, telephone))
    app.register_blueprint(demo_player(calling.players, telephone.tenant_id, calling.sample.find, settings.origin))
    owner = await _demo_owner(parloir, telephone.tenant_id)
    if settings.is_loopback:  # whoever opens it may do what the owner may
        app.register_blueprint(demo_console(console_parts(parloir, assets), owner))


async def _demo_owner(parloir: Parloir, tenant_id: int) -> int:
    """The id of the user who owns the demo tenant."""
    known = await parloir.identity.accounts.find(DEMO_OWNER)
    if known is None:
        wish = NewAccount(DEMO_OWNER, _demo_password(parloir.settings), DEMO_NAME, locale="en")
        known = await parloir.identity.accounts.create(wish, tenant_id, Role.OWNER)
    return known.id


def _demo_password(settings: Settings) -> str:
    """The demo owner's first password, made on this machine and kept in its data folder."""
    file = settings.data_dir / "demo.password"
    if not file.is_file():
        file.touch(mode=0o600)
        file.write_text("-".join(random_text(4) for _ in range(4)))
    return file.read_text()


async def _drain(parloir: Parloir) -> None:
    """Say goodbye to who only listens, let who talks finish."""
    parloir.calling.cable.connections.restart()
    await parloir.live.close(parloir.settings.drain_s)


async def _seed(parloir: Parloir) -> DemoTenant:
    """The demo tenant, made once; its shop's origins are added whenever the port is another."""
    tenant = await parloir.tenants.find_by_name(DEMO_NAME)
    if tenant is None:
        await parloir.tenants.create(DEMO_NAME, plan="pro", actor="demo")
        tenant = await parloir.tenants.find_by_name(DEMO_NAME)
        assert tenant is not None
        await parloir.tenants.set_agent(tenant.id, "support", _DEMO_AGENT, actor="demo")
    wanted = [*_shop_origins(parloir.settings, 1), *_shop_origins(parloir.settings, CRM_PLACE)]
    for origin in await parloir.origins.of(tenant.id):
        if origin not in wanted:
            await parloir.tenants.remove_origin(tenant.id, origin, actor="demo")
    for origin in wanted:
        await parloir.tenants.add_origin(tenant.id, origin, actor="demo")
    if await parloir.calling.numbers.find(SHOP_NUMBER) is None:
        keeping = Keeping(recording=True, transcript=True, analysis=True)
        await parloir.calling.numbers.add(tenant.id, SHOP_NUMBER, None, keeping, actor="demo")
    if await parloir.calling.numbers.find(RELAY_NUMBER) is None:
        owner = Owner(tenant.id, await parloir.tenants.default_project(tenant.id), "demo")
        await parloir.calling.relay_numbers.buy(owner, Wish(RELAY_NUMBER, settings={"forward_to": SPEAKING_NUMBER}))
    public_key = await parloir.credentials.public_key_of(tenant.id)
    assert public_key is not None
    return DemoTenant(public_key=public_key, agent="support", tenant=tenant.uid)


async def _prepare(parloir: Parloir, demo: bool) -> None:
    """In the background: teach the demo agent its shop, make its sample call, have known answers spoken ahead."""
    tenant = await parloir.tenants.find_by_name(DEMO_NAME) if demo else None
    if tenant is not None:
        for file in sorted(_DEMO_KNOWLEDGE.glob("shop.*.json")):
            language = file.suffixes[0].removeprefix(".")
            await parloir.import_knowledge(tenant.id, file.name, file.read_bytes(), language)
        await parloir.calling.sample.ensure(tenant.id)
    if parloir.settings.speak_ahead:
        await parloir.speak_ahead()


def _shop_origins(settings: Settings, place: int) -> list[str]:
    """The shop's origin first as we print it, then by the other name a loopback address has."""
    port = settings.port + place
    hosts = ["localhost", "127.0.0.1"] if settings.is_loopback else [settings.host]
    return [f"http://{host}:{port}" for host in hosts]


def _shops(settings: Settings, tenant: DemoTenant) -> list[Listener]:
    allowed, refused = _shop_origins(settings, 1)[0], _shop_origins(settings, 2)[0]
    return [
        Listener(
            create_demo_app(
                server_origin=settings.origin,
                tenant=tenant,
                allowed_origin=allowed,
                refused_origin=refused,
                is_allowed=place == 1,
            ),
            settings.host,
            settings.port + place,
        )
        for place in (1, 2)
    ]


async def _handset(parloir: Parloir) -> HandsetTicket:
    """The telephone that one of the demo CRM's contacts has."""
    tenant = await parloir.tenants.find_by_name(DEMO_NAME)
    assert tenant is not None
    return HandsetTicket(tenant.id, HANDSET_NUMBER, DEMO_NAME)


async def _demo_token(parloir: Parloir) -> str:
    """The demo tenant's project token, kept in the data folder: a real customer keeps theirs."""
    file = parloir.settings.data_dir / "demo.token"
    if file.is_file():
        token = file.read_text()
        with contextlib.suppress(NotAuthenticated):  # of a database that is gone
            await parloir.credentials.resolve(token)
            return token
    tenant = await parloir.tenants.find_by_name(DEMO_NAME)
    assert tenant is not None
    token = await parloir.tenants.new_project_token(tenant.id, actor="demo")
    file.touch(mode=0o600)
    file.write_text(token)
    return token


def _crm(settings: Settings, token: str) -> Listener:
    app = create_crm_app(server_origin=settings.origin, project_token=token)
    return Listener(app, settings.host, settings.port + CRM_PLACE)


def _shop_links(settings: Settings) -> list[Link]:
    console = Link(f"{settings.origin}/console/demo", "The console", "Keys, origins, webhooks, calls of the demo shop.")
    return [
        Link(_shop_origins(settings, 1)[0], "The demo shop", "Its origin is allowed: click the widget and talk."),
        Link(_shop_origins(settings, 2)[0], "The same shop, not allowed", "The widget says why it will not start."),
        Link(_shop_origins(settings, CRM_PLACE)[0], "The demo CRM", "Click a contact: the softphone rings a number."),
        Link(f"{settings.origin}/player/demo", "Replay a call", "A finished one: its sound, its words, the verdict."),
        Link(
            f"{settings.origin}/handset/demo",
            "A telephone",
            f"{HANDSET_NUMBER} rings here; it calls {SHOP_NUMBER}, and by relay {RELAY_NUMBER}.",
        ),
        *([console] if settings.is_loopback else []),
    ]


def _links(shows_outbox: bool = False) -> list[Link]:
    outbox = [Link(DEV_OUTBOX, "Outbox", "mails that a server with a mail server would send")] if shows_outbox else []
    return [
        Link("/console", "Console", "sign in, or make an account of your own"),
        *outbox,
        Link("/readyz", "Readiness", "which parts are ready, and what is still loading"),
        Link("/metrics", "Metrics", "for Prometheus"),
    ]


def _snippet(settings: Settings, tenant: DemoTenant) -> str:
    return (
        f"<script>window.VOCALIA_CONFIG = {{ apiKey: '{tenant.public_key}', agentId: '{tenant.agent}', "
        f"language: 'fr' }};</script>\n"
        f'<script src="{settings.origin}{LOADER}" async></script>'
    )


def _say_what_to_open(settings: Settings, start: StartPage, demo: bool) -> None:
    lines = [f"Parloir {__version__} serves at {settings.origin}"]
    lines += [f"  {link.name}: {link.url}" for link in start.shops]
    if demo and not settings.is_loopback:  # others can open it: here a password is asked
        lines.append(f"  The console: {settings.origin}/console  {DEMO_OWNER}  {_demo_password(settings)}")
    lines.append("Ctrl-C stops.")
    click.echo("\n".join(lines))
