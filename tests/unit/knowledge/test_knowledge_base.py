"""The knowledge base on a real database: importing, replacing, scoping, searching with and without vectors."""

import dataclasses
from collections.abc import AsyncIterator, Sequence

import numpy as np
import numpy.typing as npt
import pytest

from server.agents.wording import content_words
from server.kit.errors import InvalidInput, TooLarge
from server.knowledge import Entry, KnowledgeBase, KnownAnswer
from server.knowledge.base import CHUNKS_MAX
from server.speech.port import SpeechFailed
from server.storage import Database
from server.tenants.tables import TenantRow
from tests.fakes.clock import FakeClock

SHOP = [
    Entry("Opening hours", "We open at nine.", "en"),
    Entry("Return policy", "Send the parcel back within thirty days.", "en"),
    Entry("Gift cards", "They are valid for two years.", "en"),
]
SYNONYMS = {"refu": "retu", "schedul": "open", "sche": "open"}


class WordEmbedder:
    """A vector of the words in a text, a few synonyms joined. Fails until it is ready."""

    def __init__(self, name: str = "words-1", ready: bool = True) -> None:
        self.name = name
        self.ready = ready
        self.embedded = 0
        self._places: dict[str, int] = {}

    async def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        if not self.ready:
            raise SpeechFailed("not ready")
        self.embedded += len(texts)
        rows = np.zeros((len(texts), 256), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in content_words(text):
                row[self._places.setdefault(SYNONYMS.get(word, word), len(self._places))] = 1
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)


@pytest.fixture
async def tenants(database: Database, clock: FakeClock) -> tuple[int, int]:
    async with database.transaction() as session:
        rows = [
            TenantRow(uid=f"ten_{n}", name=f"T{n}", plan="free", language="en", created_at=clock.now()) for n in (1, 2)
        ]
        session.add_all(rows)
        await session.flush()
        return rows[0].id, rows[1].id


@pytest.fixture
def embedder() -> WordEmbedder:
    return WordEmbedder()


@pytest.fixture
async def base(database: Database, embedder: WordEmbedder, clock: FakeClock) -> AsyncIterator[KnowledgeBase]:
    base = KnowledgeBase(database, embedder, clock)
    yield base
    await base.close()


async def titles(base: KnowledgeBase, tenant: int, question: str, agent: str = "agt_1") -> list[str]:
    return [passage.title for passage in await base.bound(tenant, agent).search(question)]


async def test_questions_find_their_answer_by_meaning_and_by_words(
    base: KnowledgeBase, tenants: tuple[int, int]
) -> None:
    imported = await base.replace(tenants[0], "faq.csv", SHOP)
    assert (imported.documents, imported.chunks, imported.replaced) == (3, 3, 0)
    assert (await titles(base, tenants[0], "opening hours"))[0] == "Opening hours"
    assert (await titles(base, tenants[0], "What is your schedule?"))[0] == "Opening hours"
    (best, *_) = await base.bound(tenants[0], "a").search("valid gift cards")
    assert best.text == "They are valid for two years."
    assert 0 < best.score <= 1


async def test_what_nobody_wrote_about_is_refused(base: KnowledgeBase, tenants: tuple[int, int]) -> None:
    assert await titles(base, tenants[0], "opening hours") == []
    await base.replace(tenants[0], "faq.csv", SHOP)
    assert await titles(base, tenants[0], "capital of Australia") == []
    assert await titles(base, tenants[0], "") == []
    assert await titles(base, tenants[0], "the of and") == []


async def test_tenants_and_agents_know_only_their_own(base: KnowledgeBase, tenants: tuple[int, int]) -> None:
    await base.replace(tenants[0], "all.csv", SHOP[:1])
    await base.replace(tenants[0], "one.csv", [Entry("Opening party", "On Friday.", "en")], agent_uid="agt_1")
    assert set(await titles(base, tenants[0], "opening", "agt_1")) == {"Opening hours", "Opening party"}
    assert await titles(base, tenants[0], "opening", "agt_2") == ["Opening hours"]
    assert await titles(base, tenants[1], "opening", "agt_1") == []


async def test_importing_again_replaces(base: KnowledgeBase, embedder: WordEmbedder, tenants: tuple[int, int]) -> None:
    await base.replace(tenants[0], "faq.csv", SHOP)
    embedded = embedder.embedded
    assert (await base.replace(tenants[0], "faq.csv", SHOP)).replaced == 0
    assert embedder.embedded == embedded, "the same file changes nothing"
    assert await titles(base, tenants[0], "gift cards") == ["Gift cards"]
    changed = [dataclasses.replace(SHOP[0], text="We open at ten."), SHOP[1]]
    assert (await base.replace(tenants[0], "faq.csv", changed)).replaced == 3
    (hours, *_) = await base.bound(tenants[0], "a").search("opening hours")
    assert hours.text == "We open at ten."
    assert await titles(base, tenants[0], "gift cards") == []
    assert await base.remove(tenants[0], "faq.csv") == 2
    assert await titles(base, tenants[0], "opening hours") == []


async def test_another_process_sees_a_change_at_once(
    base: KnowledgeBase, database: Database, clock: FakeClock, tenants: tuple[int, int]
) -> None:
    other = KnowledgeBase(database, None, clock)
    await base.replace(tenants[0], "faq.csv", SHOP)
    assert await titles(other, tenants[0], "opening hours") == ["Opening hours"]
    await base.remove(tenants[0], "faq.csv")
    assert await titles(other, tenants[0], "opening hours") == []
    await other.close()


async def test_without_vectors_keywords_decide(database: Database, clock: FakeClock, tenants: tuple[int, int]) -> None:
    base = KnowledgeBase(database, None, clock)
    await base.replace(tenants[0], "faq.csv", SHOP)
    assert await titles(base, tenants[0], "When are your opening hours?") == ["Opening hours"]
    assert await titles(base, tenants[0], "capital of Australia") == []
    await base.close()


@pytest.mark.parametrize("first", ["late", "other model"])
async def test_vectors_are_made_up_for_when_the_embedder_is_ready(
    first: str, database: Database, clock: FakeClock, tenants: tuple[int, int]
) -> None:
    early = WordEmbedder(ready=False) if first == "late" else WordEmbedder("words-0")
    before = KnowledgeBase(database, early, clock)
    await before.replace(tenants[0], "faq.csv", SHOP)
    await before.close()
    embedder = WordEmbedder()
    base = KnowledgeBase(database, embedder, clock)
    assert await titles(base, tenants[0], "What is your schedule?") == [], "no keyword fits"
    for _ in range(200):
        if await titles(base, tenants[0], "What is your schedule?"):
            break
    assert (await titles(base, tenants[0], "What is your schedule?"))[0] == "Opening hours"
    await base.close()


async def test_an_embedder_that_is_ready_after_the_first_search_is_used(
    base: KnowledgeBase, embedder: WordEmbedder, clock: FakeClock, tenants: tuple[int, int]
) -> None:
    embedder.ready = False
    await base.replace(tenants[0], "faq.csv", SHOP)
    assert await titles(base, tenants[0], "What is your schedule?") == []
    embedder.ready = True
    clock.jump(10)
    for _ in range(200):
        if await titles(base, tenants[0], "What is your schedule?"):
            break
    assert (await titles(base, tenants[0], "What is your schedule?"))[0] == "Opening hours"


async def test_an_embedder_that_fails_leaves_the_keywords(
    base: KnowledgeBase, embedder: WordEmbedder, tenants: tuple[int, int]
) -> None:
    await base.replace(tenants[0], "faq.csv", SHOP)
    embedder.ready = False
    assert await titles(base, tenants[0], "gift cards") == ["Gift cards"]


async def test_long_texts_are_found_by_their_parts(base: KnowledgeBase, tenants: tuple[int, int]) -> None:
    filler = "\n\n".join(f"Paragraph {number} speaks of nothing much at all." for number in range(40))
    text = f"{filler}\n\nThe warehouse robot is called Zebulon."
    assert (await base.replace(tenants[0], "about.md", [Entry("About us", text, "en")])).chunks > 2
    (best, *_) = await base.bound(tenants[0], "a").search("warehouse robot Zebulon")
    assert "Zebulon" in best.text
    assert len(best.text) < 800


async def test_the_same_language_comes_first(base: KnowledgeBase, tenants: tuple[int, int]) -> None:
    twins = [Entry("Parking", "Le parking est gratuit.", "fr"), Entry("Parking", "Parking is free.", "en")]
    await base.replace(tenants[0], "faq.csv", twins)
    english, french = "Is there a parking?", "Y a-t-il un parking pour les clients ?"
    assert (await base.bound(tenants[0], "a").search(english))[0].text == "Parking is free."
    assert (await base.bound(tenants[0], "a").search(french))[0].text == "Le parking est gratuit."


async def test_known_answers_can_be_prepared(base: KnowledgeBase, tenants: tuple[int, int]) -> None:
    await base.replace(tenants[0], "faq.csv", SHOP[:1])
    assert await base.answers(tenants[0]) == [KnownAnswer("en", "We open at nine.")]


@pytest.mark.slow
async def test_limits(database: Database, clock: FakeClock, tenants: tuple[int, int]) -> None:
    base = KnowledgeBase(database, None, clock)
    with pytest.raises(InvalidInput):
        await base.replace(tenants[0], " ", SHOP)
    many = [Entry(f"Title {number}", "text", "en") for number in range(CHUNKS_MAX // 2 + 1)]
    await base.replace(tenants[0], "a.csv", many)
    with pytest.raises(TooLarge):
        await base.replace(tenants[0], "b.csv", many)
    assert len(await base.answers(tenants[0])) == len(many), "nothing of what was too much is kept"
    await base.close()
