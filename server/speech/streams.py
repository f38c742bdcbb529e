"""Leaving a stream of sound early, properly: what makes it stops now, not when the garbage collector comes."""

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator

from server.media.frame import Samples


@contextlib.asynccontextmanager
async def closing(pieces: AsyncIterator[Samples]) -> AsyncIterator[AsyncIterator[Samples]]:
    """`async with closing(voice.synthesize(…)) as pieces:` for whoever may stop listening before the end."""
    try:
        yield pieces
    finally:
        if isinstance(pieces, AsyncGenerator):
            await pieces.aclose()


async def next_piece(pieces: AsyncIterator[Samples]) -> Samples | None:
    """The next of `pieces`, None at their end."""
    async for piece in pieces:
        return piece
    return None
