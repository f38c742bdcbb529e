"""Built-in answers: small talk by a catalog, all else from the tenant's knowledge, or an honest "I don't know"."""

from collections.abc import AsyncGenerator, Sequence

from server.agents.answering import AnswerPart, Farewell, HandOff, Say, Turn
from server.agents.phrases import SmallTalk, phrases_for, recognise_small_talk
from server.agents.port import AgentProfile, Brief
from server.agents.sentences import ALOUD_CHARS, WRITTEN_CHARS, shortened


class KnowledgeResponder:
    """A Responder that says only what the tenant wrote."""

    def __init__(self, brief: Brief) -> None:
        self._brief = brief
        self._phrases = phrases_for(brief.language, brief.agent)

    async def answer(self, turn: Turn) -> AsyncGenerator[AnswerPart, None]:
        """See Responder. Raises whatever the knowledge search raises."""
        talk = recognise_small_talk(turn.text, turn.language)
        if talk is not None:
            for part in self._small_talk(talk):
                yield part
            return
        passages = await self._brief.knowledge.search(turn.text, limit=1)
        if not passages:
            for part in self._unknown():
                yield part
            return
        for sentence in answer_sentences(passages[0].text, turn.aloud):
            yield Say(sentence)

    def _small_talk(self, talk: SmallTalk) -> list[AnswerPart]:
        match talk:
            case SmallTalk.GREETING:
                return [Say(self._phrases.hello)]
            case SmallTalk.THANKS:
                return [Say(self._phrases.welcome)]
            case SmallTalk.GOODBYE:
                return [Say(self._phrases.goodbye), Farewell()]
            case SmallTalk.PERSON:
                parts: list[AnswerPart] = [Say(self._phrases.handoff)]
                return [*parts, HandOff()] if self._phrases.offer_person else parts

    def _unknown(self) -> list[AnswerPart]:
        parts: list[AnswerPart] = [Say(self._phrases.dont_know)]
        if self._phrases.offer_person:
            parts += [Say(self._phrases.offer_person), HandOff()]
        return parts


def answer_sentences(text: str, aloud: bool) -> list[str]:
    """A passage as it is answered: sentence by sentence and short when spoken, in one piece when written.

    What is said aloud again and again can be prepared from exactly these sentences.
    """
    if aloud:
        return shortened(text, ALOUD_CHARS)
    return [" ".join(shortened(text, WRITTEN_CHARS))]


def said_word_for_word(agent: AgentProfile, language: str, answers: Sequence[str]) -> list[str]:
    """Everything the built-in engine may say aloud in `language`, exactly as it hands it to the voice.

    For Speaker.prepare: what was prepared is heard at once.
    """
    known = [sentence for text in answers for sentence in answer_sentences(text, aloud=True)]
    return list(dict.fromkeys([*phrases_for(language, agent).fixed(), *known]))
