"""`parloir keys|credentials|audit …`: what signs sessions, a tenant's API keys, and who changed what."""

import json
import sys
from datetime import timedelta

import click

from server.app import Parloir
from server.command import lines, moment, table, with_parloir
from server.tenants.audit import SERVER, AuditEntry, ChainReport
from server.tenants.credentials import Kind
from server.tenants.keyring import OVERLAP, Key, NewKey, RotatedKey

MAX_OVERLAP_HOURS = 30 * 24


@click.group()
def keys() -> None:
    """The keys that sign session tokens."""


@keys.command("rotate")
def rotate_keys() -> None:
    """Sign with a new key from now on; tokens of the old one are good for another 24 hours."""
    click.echo(f"Signing with {with_parloir(lambda parloir: parloir.signing_keys.rotate('cli'))}.")


@click.group()
def credentials() -> None:
    """A tenant's API keys: listed without their text, rotated with an overlap, revoked at once."""


@credentials.command("list")
@click.option("--tenant", required=True)
@click.option("--json", "as_json", is_flag=True)
def list_credentials(tenant: str, as_json: bool) -> None:
    """Every key of the tenant: id, kind, what it begins and ends with, state, and when."""

    async def listed(parloir: Parloir) -> list[Key]:
        return await parloir.keyring.of((await parloir.tenants.by_uid(tenant)).id)

    rows = [
        {
            "id": key.uid,
            "kind": key.kind.value,
            "key": key.shown_as,
            "state": key.state,
            "created": moment(key.created_at),
            "last_used": moment(key.last_used_at),
            "expires": moment(key.expires_at),
        }
        for key in with_parloir(listed)
    ]
    click.echo(json.dumps(rows, indent=2, ensure_ascii=False) if as_json else table(rows))


@credentials.command("test-key")
@click.option("--tenant", required=True)
def make_test_key(tenant: str) -> None:
    """Make a key whose calls are simulated: nothing is dialled, nothing is charged. Shown this once."""

    async def make(parloir: Parloir) -> NewKey:
        found = await parloir.tenants.by_uid(tenant)
        project_id = await parloir.tenants.default_project(found.id)
        return await parloir.keyring.add(found.id, project_id, "cli", Kind.SECRET)

    made = with_parloir(make)
    click.echo(lines({"id": made.uid, "key": made.text}))


@credentials.command("rotate")
@click.option("--tenant", required=True)
@click.option(
    "--overlap-hours",
    type=click.FloatRange(0, MAX_OVERLAP_HOURS),
    default=OVERLAP.total_seconds() / 3600,
    show_default=True,
    help="How long the old key still works; 0 refuses it at once.",
)
@click.argument("key")
def rotate_credential(tenant: str, overlap_hours: float, key: str) -> None:
    """Make a key that takes the place of KEY (its id, as `list` shows it). The new one is shown this once."""

    async def rotate(parloir: Parloir) -> RotatedKey:
        found = await parloir.tenants.by_uid(tenant)
        return await parloir.keyring.rotate(found.id, key, timedelta(hours=overlap_hours))

    rotated = with_parloir(rotate)
    click.echo(lines({"id": rotated.uid, "key": rotated.text, "old key until": moment(rotated.old_until)}))


@credentials.command("revoke")
@click.option("--tenant", required=True)
@click.argument("key")
def revoke_credential(tenant: str, key: str) -> None:
    """Refuse KEY (its id, as `list` shows it) from now on."""

    async def revoke(parloir: Parloir) -> None:
        await parloir.keyring.revoke((await parloir.tenants.by_uid(tenant)).id, key)

    with_parloir(revoke)
    click.echo(f"{key} is revoked.")


@click.group()
def audit() -> None:
    """Who changed what: read it, and check that nobody altered it."""


@audit.command("list")
@click.option("--tenant", help="Whose; left out, what belongs to no tenant: the keys that sign.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@click.option("--json", "as_json", is_flag=True)
def list_audit(tenant: str | None, limit: int, as_json: bool) -> None:
    """The newest entries, oldest first."""

    async def listed(parloir: Parloir) -> list[AuditEntry]:
        return await parloir.audit.of((await parloir.tenants.by_uid(tenant)).id if tenant else SERVER, limit)

    for entry in with_parloir(listed):
        values = {"place": entry.place, "at": moment(entry.at), "actor": entry.actor, "action": entry.action}
        if as_json:
            click.echo(json.dumps({**values, "details": entry.details, "hash": entry.hash}, ensure_ascii=False))
        else:
            click.echo("\t".join([*map(str, values.values()), json.dumps(entry.details, ensure_ascii=False)]))


@audit.command("verify")
def verify_audit() -> None:
    """Check every tenant's chain; name the first broken row and leave with 1 if there is one.

    Keep the printed heads elsewhere: they show even a log that was written anew as a whole.
    """

    async def verified(parloir: Parloir) -> list[tuple[str, ChainReport]]:
        names = {SERVER: "(this server)"} | {tenant.id: tenant.uid for tenant in await parloir.tenants.all()}
        return [(names.get(chain.tenant_id, str(chain.tenant_id)), chain) for chain in await parloir.audit.verify()]

    chains = with_parloir(verified)
    for name, chain in chains:
        if chain.broken_at is None:
            click.echo(f"{name}\twhole\t{chain.entries} entries\thead {chain.head}")
        else:
            click.echo(f"{name}\tBROKEN at row {chain.broken_at}: {chain.problem}")
    sys.exit(1 if any(chain.broken_at is not None for _, chain in chains) else 0)
