"""`parloir …`: run the server, migrate, look after tenants, keys and knowledge, and find out what is wrong."""

import json
import sys
from pathlib import Path
from typing import Any

import click

from server.app import Parloir
from server.cli_keys import audit, credentials, keys
from server.cli_numbers import numbers
from server.cli_recordings import recordings
from server.cli_users import users
from server.command import lines, read_settings, with_parloir
from server.doctor import examine, explain
from server.launch import serve
from server.tenants.plans import DEFAULT_PLAN, PLANS


@click.group()
@click.version_option(package_name="parloir")
def main() -> None:
    """Parloir: a voice widget and its server."""


@main.command()
@click.option("--demo", is_flag=True, help="Also make a demo tenant and serve two demo shops on the next two ports.")
def run(demo: bool) -> None:
    """Serve until Ctrl-C."""
    settings = read_settings()
    try:
        serve(settings, demo=demo)
    except OSError as failure:
        raise click.ClickException(f"cannot listen on {settings.host}:{settings.port}: {failure.strerror}") from None


@main.command()
def migrate() -> None:
    """Bring the database to the newest schema."""
    with_parloir(lambda parloir: parloir.migrate())
    click.echo("The database is up to date.")


@main.command()
@click.option("--json", "as_json", is_flag=True)
@click.option("--code", help="Explain an error code of the widget or the API instead.")
def doctor(as_json: bool, code: str | None) -> None:
    """Check the set-up, and say which engine serves which language and how well."""
    if code is not None:
        explanations = explain(code)
        if not explanations:
            raise click.ClickException(f"there is no error code {code}")
        click.echo("\n\n".join(explanations))
        return
    report = with_parloir(examine)
    if as_json:
        click.echo(json.dumps(report.as_json(), indent=2))
    else:
        click.echo(report.as_text())
    sys.exit(0 if report.is_well else 1)


@main.group()
def tenants() -> None:
    """Tenants, their keys and allowed origins."""


@tenants.command("create")
@click.option("--name", required=True)
@click.option("--origin", "origins", multiple=True, help="A web origin that may use the widget; repeatable.")
@click.option("--plan", type=click.Choice(sorted(PLANS)), default=DEFAULT_PLAN, show_default=True)
@click.option("--language", default="fr", show_default=True)
@click.option("--json", "as_json", is_flag=True)
def create_tenant(name: str, origins: tuple[str, ...], plan: str, language: str, as_json: bool) -> None:
    """Make a tenant with an agent and keys. The secret keys are shown this once."""
    made = with_parloir(lambda parloir: parloir.tenants.create(name, origins, plan, language))
    values = {
        "tenant_id": made.tenant_uid,
        "project_token": made.project_token,
        "public_key": made.public_key,
        "secret_key": made.secret_key,
        "master_key": made.master_key,
        "agent_id": made.agent_id,
        "agent_slug": made.agent_slug,
    }
    click.echo(json.dumps(values) if as_json else lines(values))


@tenants.command("list")
def list_tenants() -> None:
    """Every tenant: id, plan, name."""
    for tenant in with_parloir(lambda parloir: parloir.tenants.all()):
        click.echo(f"{tenant.uid}\t{tenant.plan}\t{tenant.name}")


@tenants.group()
def origins() -> None:
    """The origins whose pages may use a tenant's widget."""


@origins.command("add")
@click.argument("tenant")
@click.argument("origin")
def add_origin(tenant: str, origin: str) -> None:
    """Allow pages of ORIGIN, for example https://shop.example."""

    async def add(parloir: Parloir) -> str:
        return await parloir.tenants.add_origin((await parloir.tenants.by_uid(tenant)).id, origin)

    click.echo(f"{with_parloir(add)} is allowed.")


@origins.command("remove")
@click.argument("tenant")
@click.argument("origin")
def remove_origin(tenant: str, origin: str) -> None:
    """No longer allow pages of ORIGIN."""

    async def remove(parloir: Parloir) -> bool:
        return await parloir.tenants.remove_origin((await parloir.tenants.by_uid(tenant)).id, origin)

    click.echo("Removed." if with_parloir(remove) else "It was not listed.")


@origins.command("list")
@click.argument("tenant")
def list_origins(tenant: str) -> None:
    """The allowed origins of a tenant."""

    async def listed(parloir: Parloir) -> list[str]:
        return await parloir.origins.of((await parloir.tenants.by_uid(tenant)).id)

    for origin in with_parloir(listed):
        click.echo(origin)


for group in (keys, credentials, audit, numbers, recordings, users):
    main.add_command(group)


@main.group()
def knowledge() -> None:
    """What a tenant's agents know."""


@knowledge.command("import")
@click.option("--tenant", required=True)
@click.option("--language", default=None, help="Language of the file; the tenant's by default.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_knowledge(tenant: str, language: str | None, file: Path) -> None:
    """Read FILE (csv, json or md) into the tenant's knowledge; the same file again replaces what it brought."""

    raw = file.read_bytes()

    async def bring(parloir: Parloir) -> int:
        found = await parloir.tenants.by_uid(tenant)
        return await parloir.import_knowledge(found.id, file.name, raw, language or found.language)

    click.echo(f"{with_parloir(bring)} entries imported from {file.name}.")


@main.group()
def agents() -> None:
    """A tenant's agents."""


@agents.command("set")
@click.option("--tenant", required=True)
@click.option("--agent", default="support", show_default=True, help="The agent's slug; a new one makes an agent.")
@click.option("--project", default=None, help="Only this project may use it, by name or id; else every one may.")
@click.argument("values", nargs=-1, metavar="FIELD=VALUE…")
def set_agent(tenant: str, agent: str, project: str | None, values: tuple[str, ...]) -> None:
    """Change an agent: name, language, engine, voice, greeting, instructions, handoff_label, handoff_url, …"""
    fields = _fields(values)

    async def change(parloir: Parloir) -> None:
        found = await parloir.tenants.by_uid(tenant)
        await parloir.tenants.set_agent(found.id, agent, fields, project=project)

    with_parloir(change)
    click.echo(f"{agent} is set.")


@main.group()
def widget() -> None:
    """What a tenant sets for its widget; pages that say otherwise win."""


@widget.command("set")
@click.option("--tenant", required=True)
@click.argument("values", nargs=-1, required=True, metavar="OPTION=VALUE…")
def set_widget(tenant: str, values: tuple[str, ...]) -> None:
    """Set options by their dotted names: theme.primaryColor=#0b6e6e, greeting="Hello", …"""
    given = dict(_named(value) for value in values)

    async def change(parloir: Parloir) -> dict[str, object]:
        options, found = parloir.widget_options, await parloir.tenants.by_uid(tenant)
        return await options.set(found.id, {name: options.table.read(name, text) for name, text in given.items()})

    for name in with_parloir(change):
        click.echo(f"{name} is set.")


@widget.command("show")
@click.option("--tenant", required=True)
def show_widget(tenant: str) -> None:
    """What the tenant has set, as JSON."""

    async def shown(parloir: Parloir) -> dict[str, object]:
        return await parloir.widget_options.all((await parloir.tenants.by_uid(tenant)).id)

    click.echo(json.dumps(with_parloir(shown), indent=2, ensure_ascii=False))


@widget.command("unset")
@click.option("--tenant", required=True)
@click.argument("option")
def unset_widget(tenant: str, option: str) -> None:
    """Go back to the default of OPTION."""

    async def remove(parloir: Parloir) -> bool:
        return await parloir.widget_options.unset((await parloir.tenants.by_uid(tenant)).id, option)

    click.echo("Removed." if with_parloir(remove) else "It was not set.")


def _fields(values: tuple[str, ...]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for value in values:
        name, text = _named(value)
        fields[name] = {"true": True, "false": False, "": None}.get(text, text)
    return fields


def _named(value: str) -> tuple[str, str]:
    name, sign, text = value.partition("=")
    if not sign:
        raise click.UsageError(f"{value!r} is not FIELD=VALUE")
    return name, text


if __name__ == "__main__":
    main()
