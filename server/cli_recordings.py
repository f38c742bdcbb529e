"""`parloir recordings …`: what is kept of the sound of calls, and what people are told before it is."""

import click

from server.app import Parloir
from server.command import with_parloir
from server.tenants.keeping import Notice
from server.tenants.projects import Projects


@click.group()
def recordings() -> None:
    """The recordings of calls."""


@recordings.command("erase")
@click.option("--tenant", required=True)
@click.argument("call")
def erase_recording(tenant: str, call: str) -> None:
    """Leave nothing of the recording of CALL (its id): sound and waveform, at once and for good."""

    async def erase(parloir: Parloir) -> int:
        return await parloir.calling.custody.erase((await parloir.tenants.by_uid(tenant)).id, call, "cli")

    click.echo(f"Nothing is left of the recording of call {with_parloir(erase)}.")


@recordings.command("notice")
@click.option("--tenant", required=True)
@click.option("--project", default=None, help="By name or id; the tenant's first by default.")
@click.argument("notice", type=click.Choice([each.value for each in Notice]), required=False)
def set_notice(tenant: str, project: str | None, notice: str | None) -> None:
    """What those who talk are told before a call is kept; without NOTICE, shows it.

    off: nothing. announce: all sides hear that the call is recorded. ask: the customer is asked, and nothing is kept
    unless they press 1.
    """

    async def change(parloir: Parloir) -> str:
        projects = Projects(parloir.database, parloir.clock)
        found = await projects.called((await parloir.tenants.by_uid(tenant)).id, project)
        if notice is None:
            return found.notice
        await projects.set_notice(found, notice, "cli")
        return notice

    click.echo(with_parloir(change))
