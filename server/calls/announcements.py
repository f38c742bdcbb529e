"""What a caller is told by nobody in particular: the words, and the tones when no voice can say them."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence

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
_RECORDED = {
    "fr": "Cet appel est enregistré.",
    "en": "This call is being recorded.",
    "es": "Esta llamada se está grabando.",
    "ar": "هذه المكالمة مسجلة.",
    "ary": "هاد المكالمة كتسجل.",
}
_MAY_BE_RECORDED = {
    "fr": "Cet appel peut être enregistré. Pour accepter, tapez 1. Pour continuer sans enregistrement, tapez 2.",
    "en": "This call may be recorded. To agree, press 1. To go on without recording, press 2.",
    "es": "Esta llamada puede grabarse. Para aceptar, pulse 1. Para seguir sin grabación, pulse 2.",
    "ar": "قد تسجل هذه المكالمة. للموافقة اضغط على واحد. للمتابعة دون تسجيل اضغط على اثنين.",
    "ary": "هاد المكالمة ممكن تتسجل. إلا كنتي موافق ورك على واحد. وإلا بغيتي تكمل بلا تسجيل ورك على جوج.",
}
TEXT_VERSION = "1"  # of the two before; every change of their words is a new one
SPEAKING_TIMEOUT_S = 5.0  # a caller waits in silence meanwhile
_INFORMATION_HZ = (950, 1_400, 1_800)  # ITU-T E.180: three rising tones, that something has to be said
_INFORMATION_S, _LEVEL = 0.33, 0.12
_BEFORE_S, _AFTER_S = 0.4, 0.6  # of silence: lines open late, and last words must not be cut


async def number_is_paused(language: str, say: Say, within_s: float = SPEAKING_TIMEOUT_S) -> list[Frame]:
    """What who calls a paused number hears: the sentence in `language`, or the information tones twice."""
    said = await _said(_PAUSED, language, say, within_s) or [*_information(), *_quiet(_AFTER_S), *_information()]
    return [*_quiet(_BEFORE_S), *said, *_quiet(_AFTER_S)]


async def call_is_recorded(language: str, say: Say, within_s: float = SPEAKING_TIMEOUT_S) -> list[Frame]:
    """What both sides of a call hear before it is kept: the sentence in `language`; empty when no voice can say it."""
    said = await _said(_RECORDED, language, say, within_s)
    return [*_quiet(_BEFORE_S), *said] if said else []


async def may_it_be_recorded(language: str, say: Say, within_s: float = SPEAKING_TIMEOUT_S) -> list[Frame]:
    """The question whether the call may be kept, and its two keys; empty when no voice can ask it."""
    said = await _said(_MAY_BE_RECORDED, language, say, within_s)
    return [*_quiet(_BEFORE_S), *said] if said else []


async def _said(sentences: Mapping[str, str], language: str, say: Say, within_s: float) -> list[Frame]:
    language = language if language in sentences else "en"
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            return list(await say(sentences[language], language))
    return []


def _information() -> list[Frame]:
    return [frame for hz in _INFORMATION_HZ for frame in frames_of(tone(hz, _INFORMATION_S, _LEVEL))]


def _quiet(seconds: float) -> list[Frame]:
    return [silence()] * round(seconds / FRAME_S)
