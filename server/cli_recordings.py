"""`parloir recordings …`: what is kept of the sound of calls."""

import click

from server.app import Parloir
from server.command import with_parloir


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
