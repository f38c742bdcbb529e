"""Speaking a text piece by piece in an engine's pool, in shorter pieces where somebody else may come to wait."""

from collections.abc import AsyncIterator, Callable

from server.media.frame import Samples
from server.speech.pool import EnginePool, gives_way
from server.speech.providers.clauses import SHORT_CHARS, Clause, split_for_speech


async def speak_in_pieces(text: str, speak: Callable[[Clause], Samples], pool: EnginePool) -> AsyncIterator[Samples]:
    """What `speak` makes of every piece of `text`, silent ones left out.

    Live, pieces grow, so that a listener hears few seams. In the background none is longer than a clause or
    SHORT_CHARS: a live call that comes meanwhile waits for one of them at most. Raises SpeechFailed.
    """
    pieces = split_for_speech(text, most_chars=SHORT_CHARS) if gives_way() else split_for_speech(text)
    for piece in pieces:
        sound = await pool.run(speak, piece)
        if len(sound):
            yield sound
