"""Finds passages in memory: keywords by BM25 and sentence vectors together, and an honest refusal when neither fits."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from server.agents.port import Passage
from server.agents.wording import content_words, guess_language

Vector = npt.NDArray[np.float32]

# Chosen on the demo shop in four languages: of 21 off-topic questions a higher vector score was rare, and questions
# put in quite other words than the answer still reach it.
REFUSE_BELOW = 0.27
_DOUBT_BELOW = 0.16  # from here up some keywords are enough
_SOME_KEYWORDS = 0.34  # shares of the question's weight that a passage must hold
_CLEAR_KEYWORDS = 0.5
_KEYWORD_WEIGHT = 0.25
_SAME_LANGUAGE = 0.08
_K1, _B = 1.2, 0.6
_TITLE_COUNTS = 2


@dataclass(frozen=True)
class IndexedChunk:
    """A chunk as it is searched. `vector` is the mean of its title's, its text's and both's."""

    uid: str
    agent_uid: str | None
    language: str
    title: str
    text: str = field(repr=False)
    vector: Vector | None = field(repr=False)


class KnowledgeIndex:
    """Immutable: built from all chunks of a tenant, thrown away when they change."""

    def __init__(self, chunks: Sequence[IndexedChunk]) -> None:
        self._chunks = tuple(chunks)
        counts = [Counter(content_words(chunk.title) * _TITLE_COUNTS + content_words(chunk.text)) for chunk in chunks]
        lengths = np.array([max(1, count.total()) for count in counts], dtype=np.float32)
        norm = _K1 * (1 - _B + _B * lengths / (lengths.mean() if len(lengths) else 1))
        postings: dict[str, list[tuple[int, float]]] = {}
        for place, count in enumerate(counts):
            for word, times in count.items():
                postings.setdefault(word, []).append((place, times * (_K1 + 1) / (times + float(norm[place]))))
        self._postings = postings
        self._vectors: Vector | None = None
        if vectors := [chunk.vector for chunk in chunks if chunk.vector is not None]:
            blank = np.zeros(len(vectors[0]), dtype=np.float32)
            self._vectors = np.stack([blank if chunk.vector is None else chunk.vector for chunk in chunks])

    @property
    def has_vectors(self) -> bool:
        return self._vectors is not None

    def search(self, question: str, vector: Vector | None, agent_uid: str, limit: int) -> list[Passage]:
        """The passages good enough to answer with, best first."""
        count = len(self._chunks)
        if not count:
            return []
        near = np.zeros(count, dtype=np.float32)
        by_vectors = False
        if vector is not None and self._vectors is not None and len(vector) == self._vectors.shape[1]:
            by_vectors = True
            near = np.clip(self._vectors @ vector, 0.0, 1.0)
        matched, covered = self._keywords(question)
        if by_vectors:
            clear = (near >= REFUSE_BELOW) | ((near >= _DOUBT_BELOW) & (covered >= _SOME_KEYWORDS))
            accepted = clear | (covered >= _CLEAR_KEYWORDS)
            score = near + _KEYWORD_WEIGHT * matched
        else:
            accepted = covered >= _CLEAR_KEYWORDS
            score = matched
        language = guess_language(question)
        bonus = np.array([_SAME_LANGUAGE if _same(chunk.language, language) else 0.0 for chunk in self._chunks])
        ranked = np.argsort(-(score + bonus), kind="stable")
        best = [int(place) for place in ranked if accepted[place] and self._may_know(int(place), agent_uid)]
        return [self._passage(place, float(min(1.0, score[place]))) for place in best[:limit]]

    def _keywords(self, question: str) -> tuple[Vector, Vector]:
        """Two numbers from 0 to 1 a chunk: BM25 against the most it could be, and the weight of the words it has."""
        count = len(self._chunks)
        scores = np.zeros(count, dtype=np.float32)
        covered = np.zeros(count, dtype=np.float32)
        total = 0.0
        for word in set(content_words(question)):
            found = self._postings.get(word, ())
            rarity = math.log(1 + (count - len(found) + 0.5) / (len(found) + 0.5))
            total += rarity
            for place, weight in found:
                scores[place] += rarity * weight
                covered[place] += rarity
        if not total:
            return scores, covered
        return scores / (total * (_K1 + 1)), covered / total

    def _may_know(self, place: int, agent_uid: str) -> bool:
        return self._chunks[place].agent_uid in (None, agent_uid)

    def _passage(self, place: int, score: float) -> Passage:
        chunk = self._chunks[place]
        return Passage(chunk.uid, chunk.title, chunk.text, score)


def _same(chunk_language: str, language: str | None) -> bool:
    return language is not None and chunk_language[:2] == language[:2]
