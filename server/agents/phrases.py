"""What agents say of themselves, and the small talk they recognise, in every language of the product."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files

from server.agents.port import AgentProfile
from server.agents.wording import fold

LANGUAGES = ("fr", "en", "es", "ar", "ary")
_OTHERWISE = "en"
_PERSON_WORDS_MAX = 16  # a longer message has a question in it


class SmallTalk(StrEnum):
    """What a message is that asks nothing of the knowledge."""

    GREETING = "greeting"
    THANKS = "thanks"
    GOODBYE = "goodbye"
    PERSON = "person"  # wants to speak with somebody


@dataclass(frozen=True)
class Phrases:
    """The sentences of one language, for one agent."""

    language: str
    greeting: str
    hello: str
    welcome: str
    dont_know: str
    offer_person: str | None  # None: there is no way to a person
    handoff: str
    still_there: str
    goodbye: str
    silence_goodbye: str
    trouble: str

    def fixed(self) -> Sequence[str]:
        """Everything that is said word for word, worth preparing."""
        offers = (self.offer_person,) if self.offer_person else ()
        return (self.greeting, self.hello, self.welcome, self.dont_know, self.handoff, self.still_there,
                self.goodbye, self.silence_goodbye, self.trouble, *offers)  # fmt: skip


def phrases_for(language: str, agent: AgentProfile) -> Phrases:
    """The sentences of `language` (English for one we do not speak) with the agent's name and contact in them."""
    spoken = known_language(language)
    texts = _catalog("phrases.json")[spoken]
    contact = agent.handoff_label or _readable(agent.handoff_url)
    offer = texts["offer_person"].replace("{contact}", contact.rstrip(".")) if contact else None
    return Phrases(
        language=spoken,
        greeting=agent.greeting or texts["greeting"].replace("{agent}", agent.name),
        hello=texts["hello"],
        welcome=texts["welcome"],
        dont_know=texts["dont_know"],
        offer_person=offer,
        handoff=texts["handoff"].replace("{contact}", contact.rstrip(".")) if contact else texts["no_person"],
        still_there=texts["still_there"],
        goodbye=texts["goodbye"],
        silence_goodbye=texts["silence_goodbye"],
        trouble=texts["trouble"],
    )


def recognise_small_talk(text: str, language: str) -> SmallTalk | None:
    """What `text` is when it is nothing but small talk; None when there is something to answer.

    "Thank you, goodbye" is a goodbye; "hello, when do you open?" is a question.
    """
    said = f" {fold(text)} "
    talk = _small_talk(known_language(language))
    if any(wish in said for wish in talk[SmallTalk.PERSON]) and len(said.split()) <= _PERSON_WORDS_MAX:
        return SmallTalk.PERSON
    found: set[SmallTalk] = set()
    for kind, phrase in _longest_first(known_language(language)):
        if phrase in said:
            said = said.replace(phrase, " ")
            if kind is not None:
                found.add(kind)
    if said.strip() or not found:
        return None
    return next(kind for kind in (SmallTalk.GOODBYE, SmallTalk.THANKS, SmallTalk.GREETING) if kind in found)


def known_language(language: str) -> str:
    """One of LANGUAGES: `language` itself, its primary part, or English."""
    primary = language.replace("_", "-").partition("-")[0].lower()
    return primary if primary in LANGUAGES else _OTHERWISE


def _readable(url: str | None) -> str:
    return (url or "").removeprefix("tel:").removeprefix("mailto:").removeprefix("https://")


@cache
def _catalog(name: str) -> Mapping[str, Mapping[str, str]]:
    loaded: Mapping[str, Mapping[str, str]] = json.loads((files("server.agents") / name).read_text("utf-8"))
    return loaded


@cache
def _small_talk(language: str) -> Mapping[str, tuple[str, ...]]:
    kinds: Mapping[str, list[str]] = json.loads((files("server.agents") / "smalltalk.json").read_text("utf-8"))[
        language
    ]
    return {kind: tuple(f" {fold(phrase)} " for phrase in phrases) for kind, phrases in kinds.items()}


@cache
def _longest_first(language: str) -> Sequence[tuple[SmallTalk | None, str]]:
    """Phrases before the shorter ones inside them; None is filler."""
    kinds: tuple[SmallTalk | None, ...] = (SmallTalk.GOODBYE, SmallTalk.THANKS, SmallTalk.GREETING, None)
    talk = _small_talk(language)
    pairs = [(kind, phrase) for kind in kinds for phrase in talk[kind or "filler"]]
    return sorted(pairs, key=lambda pair: -len(pair[1]))
