"""`parloir numbers …`: a tenant's telephone numbers, and the text messages that came to them."""

import json

import click

from server.app import Parloir
from server.calls.texts import TextMessage
from server.command import with_parloir
from server.kit.errors import Conflict
from server.sessions.handsets import HandsetTicket
from server.telephony.numbers import normalise
from server.tenants.phone_numbers import Keeping, PhoneNumber


@click.group()
def numbers() -> None:
    """The telephone numbers of a tenant: who calls one talks to its agent."""


@numbers.command("add")
@click.argument("tenant")
@click.argument("number")
@click.option("--agent", default=None, help="The agent that answers, by slug; the tenant's first by default.")
@click.option("--record", is_flag=True, help="Record calls to this number.")
@click.option("--transcribe", is_flag=True, help="Keep what is said in them.")
@click.option("--analyse", is_flag=True, help="Judge them afterwards; keeps what is said too.")
def add_number(tenant: str, number: str, agent: str | None, record: bool, transcribe: bool, analyse: bool) -> None:
    """Give the tenant NUMBER, for example +33170000001."""

    async def add(parloir: Parloir) -> str:
        found = await parloir.tenants.by_uid(tenant)
        keeping = Keeping(record, transcribe, analyse)
        return (await parloir.calling.numbers.add(found.id, number, agent, keeping)).number

    click.echo(f"{with_parloir(add)} is a number of {tenant}.")


@numbers.command("remove")
@click.argument("tenant")
@click.argument("number")
def remove_number(tenant: str, number: str) -> None:
    """Take NUMBER away; who calls it then is told that nobody has it."""

    async def remove(parloir: Parloir) -> bool:
        return await parloir.calling.numbers.remove((await parloir.tenants.by_uid(tenant)).id, number)

    click.echo("Removed." if with_parloir(remove) else "It was not one of this tenant.")


@numbers.command("list")
@click.argument("tenant")
def list_numbers(tenant: str) -> None:
    """The numbers of a tenant: number, what is kept of its calls, where they go."""

    async def listed(parloir: Parloir) -> list[PhoneNumber]:
        return await parloir.calling.numbers.of((await parloir.tenants.by_uid(tenant)).id)

    for one in with_parloir(listed):
        kept = {"recording": one.is_recorded, "transcript": one.is_transcribed, "analysis": one.is_analysed}
        answers = one.forward_to or "agent"
        where = answers if one.is_relay_enabled else f"{answers} (paused)"
        click.echo(f"{one.number}\t{', '.join(name for name, on in kept.items() if on) or '-'}\t{where}")


@numbers.command("handset")
@click.argument("tenant")
@click.argument("number")
@click.option("--label", default=None, help="What stands on it; the tenant's name by default.")
def open_handset(tenant: str, number: str, label: str | None) -> None:
    """Print the address of a telephone in a browser that NUMBER rings, good for twelve hours.

    It is a telephone of the virtual network: calls from here ring it, and it calls the tenant's numbers.
    """

    async def link(parloir: Parloir) -> str:
        found, plain = await parloir.tenants.by_uid(tenant), normalise(number)
        if await parloir.calling.numbers.find(plain) is not None:
            raise Conflict("phone_number_taken", "Calls to this number are answered here: take another.")
        ticket = HandsetTicket(found.id, plain, label or found.name)
        return f"{parloir.settings.origin}/handset?t={await parloir.calling.handset_tickets.issue(ticket)}"

    click.echo(with_parloir(link))


@numbers.command("destinations")
@click.argument("tenant")
@click.option("--allow", "countries", multiple=True, help="A country that may be called, like FR; may be repeated.")
@click.option("--default", "is_default", is_flag=True, help="Go back to the default list.")
def destinations(tenant: str, countries: tuple[str, ...], is_default: bool) -> None:
    """The countries a tenant may call and forward to, one a line; --allow replaces the list."""
    if countries and is_default:
        raise click.UsageError("Either --allow or --default.")

    async def allowed(parloir: Parloir) -> frozenset[str]:
        tenant_id = (await parloir.tenants.by_uid(tenant)).id
        if countries or is_default:
            return await parloir.calling.destinations.allow(tenant_id, countries or None, "cli")
        return await parloir.calling.destinations.countries(tenant_id)

    click.echo("\n".join(sorted(with_parloir(allowed))))


@numbers.command("messages")
@click.argument("tenant")
def list_messages(tenant: str) -> None:
    """The newest text messages that came to the tenant's numbers, as lines of JSON."""

    async def listed(parloir: Parloir) -> list[TextMessage]:
        return await parloir.calling.texts.latest((await parloir.tenants.by_uid(tenant)).id)

    for one in with_parloir(listed):
        body = {"id": one.uid, "from": one.from_number, "to": one.to_number, "body": one.text}
        click.echo(json.dumps(body | {"at": one.at.isoformat()}, ensure_ascii=False))
