"""What a caller is told by nobody in particular: the words, and the tones when no voice can say them."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence

from server.media.frame import FRAME_S, Frame, frames_of, silence
from server.media.tones import tone

Say = Callable[[str, str], Awaitable[Sequence[Frame]]]
"""Speaks (a sentence, a language); empty when no engine can."""

_PAUSED = {
    "fr": "Ce numéro ne prend pas d'appels pour le moment. Veuillez rappeler plus tard.",
    "en": "This number is not taking calls at the moment. Please try again later.",
    "es": "Este número no atiende llamadas en este momento. Por favor, llame más tarde.",
    "ar": "هذا الرقم لا يستقبل المكالمات حاليا. يرجى الاتصال لاحقا.",
    "ary": "هاد النمرة ما كتقبلش المكالمات دابا. عاود عيط من بعد.",
}
SPEAKING_TIMEOUT_S = 5.0  # a caller waits in silence meanwhile
_INFORMATION_HZ = (950, 1_400, 1_800)  # ITU-T E.180: three rising tones, that something has to be said
_INFORMATION_S, _LEVEL = 0.33, 0.12
_BEFORE_S, _AFTER_S = 0.4, 0.6  # of silence: lines open late, and last words must not be cut


async def number_is_paused(language: str, say: Say, within_s: float = SPEAKING_TIMEOUT_S) -> list[Frame]:
    """What who calls a paused number hears: the sentence in `language`, or the information tones twice."""
    language = language if language in _PAUSED else "en"
    said: list[Frame] = []
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            said += await say(_PAUSED[language], language)
    said = said or [*_information(), *_quiet(_AFTER_S), *_information()]
    return [*_quiet(_BEFORE_S), *said, *_quiet(_AFTER_S)]


def _information() -> list[Frame]:
    return [frame for hz in _INFORMATION_HZ for frame in frames_of(tone(hz, _INFORMATION_S, _LEVEL))]


def _quiet(seconds: float) -> list[Frame]:
    return [silence()] * round(seconds / FRAME_S)
