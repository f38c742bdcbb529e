"""A tenant's knowledge: imported into the database, held in memory for searching, rebuilt when it changes."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from sqlalchemy import ColumnElement, and_, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from server.agents.port import Passage
from server.kit.clock import Clock
from server.kit.errors import InvalidInput, TooLarge
from server.kit.ids import new_uid
from server.kit.log import logger
from server.kit.tasks import TaskScope
from server.knowledge.chunking import chunks
from server.knowledge.importing import SOURCE_MAX_CHARS, Entry
from server.knowledge.index import IndexedChunk, KnowledgeIndex, Vector
from server.knowledge.tables import KnowledgeChunk, KnowledgeDocument, KnowledgeRevision
from server.speech.port import Embedder, SpeechFailed
from server.storage import Database

_log = logger(__name__)
CHUNKS_MAX = 5_000  # of one tenant
_INDEXES_MAX = 64
_QUESTIONS_MAX = 512
_EMBED_AT_ONCE = 32  # chunks
_QUESTION_TIMEOUT_S = 2.0
_QUESTION_MAX_CHARS = 1_000
_EMBED_TIMEOUT_S = 120.0
_EMBED_AGAIN_S = 3.0  # models load for some seconds after the start; a search meanwhile asks again


@dataclass(frozen=True)
class Imported:
    """What an import left in the database."""

    documents: int
    chunks: int
    replaced: int  # documents of the same source that were there before


@dataclass(frozen=True)
class Source:
    """A file that every agent of the tenant answers from."""

    name: str
    documents: int
    languages: tuple[str, ...]
    imported_at: datetime


@dataclass(frozen=True)
class KnownAnswer:
    """Something an agent may have to say word for word."""

    language: str
    text: str = field(repr=False)


@dataclass(frozen=True)
class _Built:
    revision: int
    index: KnowledgeIndex
    complete: bool  # every chunk has a vector of the present embedder


class BoundKnowledge:
    """The KnowledgeSearch port for one agent of one tenant."""

    def __init__(self, base: "KnowledgeBase", tenant_id: int, agent_uid: str) -> None:
        self._base = base
        self._tenant_id = tenant_id
        self._agent_uid = agent_uid

    async def search(self, question: str, limit: int = 4) -> Sequence[Passage]:
        """See KnowledgeSearch.search."""
        return await self._base.search(self._tenant_id, self._agent_uid, question, limit)


class KnowledgeBase:
    """All knowledge of this process. Without an embedder, or until it is ready, keywords alone decide."""

    def __init__(self, database: Database, embedder: Embedder | None, clock: Clock) -> None:
        self._database = database
        self._embedder = embedder
        self._clock = clock
        self._tasks = TaskScope("knowledge")
        self._built: OrderedDict[int, _Built] = OrderedDict()
        self._building: dict[int, asyncio.Lock] = {}
        self._embedding: set[int] = set()
        self._embed_again_at = 0.0
        self._questions: OrderedDict[str, Vector] = OrderedDict()

    def bound(self, tenant_id: int, agent_uid: str) -> BoundKnowledge:
        """What this agent may know."""
        return BoundKnowledge(self, tenant_id, agent_uid)

    async def search(self, tenant_id: int, agent_uid: str, question: str, limit: int = 4) -> Sequence[Passage]:
        """See KnowledgeSearch.search."""
        question = " ".join(question.split())[:_QUESTION_MAX_CHARS]
        if not question:
            return []
        index = await self._index(tenant_id)
        vector = await self._question_vector(question) if index.has_vectors else None
        return index.search(question, vector, agent_uid, limit)

    async def replace(
        self,
        tenant_id: int,
        source: str,
        entries: Sequence[Entry],
        agent_uid: str | None = None,
        *,
        embeds_later: bool = False,
    ) -> Imported:
        """Make `entries` all that is known from `source`. The same call again changes nothing.

        `embeds_later`: answer at once; keywords alone decide until the passages are embedded in the background.

        Raises InvalidInput for a source without a name, TooLarge above CHUNKS_MAX chunks of one tenant.
        """
        if not source.strip() or len(source) > SOURCE_MAX_CHARS:
            raise InvalidInput("invalid_request", f"A source has a name of at most {SOURCE_MAX_CHARS} characters.")
        if await self._is_known(tenant_id, source, entries, agent_uid):
            return Imported(len(entries), sum(len(chunks(entry.text)) for entry in entries), 0)
        vectors = {} if embeds_later else await self._entry_vectors(entries)
        now = self._clock.now()
        async with self._database.transaction() as session:
            replaced = await _remove(session, tenant_id, source, agent_uid)
            documents, rows = 0, 0
            for entry in entries:
                document = KnowledgeDocument(
                    uid=new_uid("doc"), tenant_id=tenant_id, agent_uid=agent_uid, source=source,
                    language=entry.language, title=entry.title, text=entry.text, created_at=now,
                )  # fmt: skip
                session.add(document)
                await session.flush()
                documents += 1
                for position, piece in enumerate(chunks(entry.text)):
                    vector = vectors.get((entry.title, piece))
                    session.add(_chunk_row(document, position, piece, vector, self._embedder_name))
                    rows += 1
            await session.flush()
            await _require_room(session, tenant_id)
            await _next_revision(session, tenant_id)
        if embeds_later:
            await self._index(tenant_id)
        return Imported(documents, rows, replaced)

    async def sources(self, tenant_id: int) -> list[Source]:
        """What all agents of the tenant know, by where it came from."""
        row = KnowledgeDocument
        async with self._database.reading() as session:
            found = await session.execute(
                select(row.source, row.language, func.count(), func.max(row.created_at))
                .where(row.tenant_id == tenant_id, row.agent_uid.is_(None))
                .group_by(row.source, row.language)
                .order_by(row.source, row.language)
            )
            parts: dict[str, list[tuple[str, int, datetime]]] = {}
            for source, language, count, at in found:
                parts.setdefault(source, []).append((language, count, at))
        return [
            Source(name, sum(each[1] for each in of), tuple(each[0] for each in of), max(each[2] for each in of))
            for name, of in parts.items()
        ]

    async def remove(self, tenant_id: int, source: str, agent_uid: str | None = None) -> int:
        """Forget `source`; how many documents it had."""
        async with self._database.transaction() as session:
            removed = await _remove(session, tenant_id, source, agent_uid)
            await _next_revision(session, tenant_id)
        return removed

    async def answers(self, tenant_id: int) -> Sequence[KnownAnswer]:
        """What may be said word for word, to have it spoken ahead of time."""
        async with self._database.reading() as session:
            rows = await session.execute(
                select(KnowledgeChunk.language, KnowledgeChunk.text)
                .where(KnowledgeChunk.tenant_id == tenant_id)
                .order_by(KnowledgeChunk.id)
            )
            return [KnownAnswer(language, text) for language, text in rows]

    async def close(self) -> None:
        """Stop embedding in the background. Idempotent."""
        await self._tasks.close()

    @property
    def _embedder_name(self) -> str | None:
        return self._embedder.name if self._embedder is not None else None

    async def _index(self, tenant_id: int) -> KnowledgeIndex:
        lock = self._building.setdefault(tenant_id, asyncio.Lock())
        try:
            async with lock:
                return await self._fresh_index(tenant_id)
        finally:
            if not lock.locked():
                self._building.pop(tenant_id, None)

    async def _fresh_index(self, tenant_id: int) -> KnowledgeIndex:
        async with self._database.reading() as session:
            revision = await session.scalar(
                select(KnowledgeRevision.revision).where(KnowledgeRevision.tenant_id == tenant_id)
            )
            built = self._built.get(tenant_id)
            if built is not None and built.revision == (revision or 0):
                self._built.move_to_end(tenant_id)
                if not built.complete:
                    self._embed_later(tenant_id)
                return built.index
            rows = (
                await session.scalars(
                    select(KnowledgeChunk)
                    .where(KnowledgeChunk.tenant_id == tenant_id)
                    .order_by(KnowledgeChunk.id)
                    .limit(CHUNKS_MAX)
                )
            ).all()
            found = [_indexed(row, self._embedder_name) for row in rows]
        index = await asyncio.to_thread(KnowledgeIndex, found)
        complete = all(chunk.vector is not None for chunk in found)
        self._built[tenant_id] = _Built(revision or 0, index, complete)
        if len(self._built) > _INDEXES_MAX:
            self._built.popitem(last=False)
        if not complete:
            self._embed_later(tenant_id)
        return index

    async def _question_vector(self, question: str) -> Vector | None:
        known = self._questions.get(question)
        if known is not None:
            self._questions.move_to_end(question)
            return known
        if self._embedder is None:
            return None
        try:
            async with asyncio.timeout(_QUESTION_TIMEOUT_S):
                vector: Vector = (await self._embedder.embed([question]))[0]
        except (SpeechFailed, TimeoutError) as failure:
            _log.info("searching by keywords alone", reason=type(failure).__name__)
            return None
        self._questions[question] = vector
        if len(self._questions) > _QUESTIONS_MAX:
            self._questions.popitem(last=False)
        return vector

    async def _is_known(self, tenant_id: int, source: str, entries: Sequence[Entry], agent_uid: str | None) -> bool:
        async with self._database.reading() as session:
            old = await session.scalars(
                select(KnowledgeDocument)
                .where(_from_source(tenant_id, source, agent_uid))
                .order_by(KnowledgeDocument.id)
            )
            return [Entry(row.title, row.text, row.language) for row in old] == list(entries)

    async def _entry_vectors(self, entries: Sequence[Entry]) -> dict[tuple[str, str], Vector]:
        pairs = [(entry.title, piece) for entry in entries for piece in chunks(entry.text)]
        found: dict[tuple[str, str], Vector] = {}
        for start in range(0, len(pairs), _EMBED_AT_ONCE):
            batch = pairs[start : start + _EMBED_AT_ONCE]
            vectors = await self._pair_vectors(batch)
            if vectors is None:
                break  # the first search after the embedder is ready makes up for it
            found.update(zip(batch, vectors, strict=True))
        return found

    async def _pair_vectors(self, pairs: Sequence[tuple[str, str]]) -> list[Vector] | None:
        """For each title and text the mean of their vectors and of both together; None when nobody can embed."""
        if self._embedder is None:
            return None
        texts = [text for title, body in pairs for text in (title, body, f"{title} {body}")]
        try:
            async with asyncio.timeout(_EMBED_TIMEOUT_S):
                rows = await self._embedder.embed(texts)
        except (SpeechFailed, TimeoutError) as failure:
            _log.info("knowledge is not embedded yet", reason=type(failure).__name__)
            return None
        return list(rows.reshape(len(pairs), 3, -1).mean(axis=1).astype(np.float32))

    def _embed_later(self, tenant_id: int) -> None:
        now = self._clock.monotonic()
        if self._embedder is None or tenant_id in self._embedding or now < self._embed_again_at:
            return
        self._embed_again_at = now + _EMBED_AGAIN_S
        self._embedding.add(tenant_id)
        self._tasks.spawn(self._embed_missing(tenant_id), f"embed/{tenant_id}")

    async def _embed_missing(self, tenant_id: int) -> None:
        """Give every chunk a vector by the present embedder; then let the indexes know."""
        assert self._embedder is not None, "asked for only with one"
        try:
            async with self._database.reading() as session:
                rows = (
                    await session.execute(
                        select(KnowledgeChunk.id, KnowledgeChunk.title, KnowledgeChunk.text).where(
                            KnowledgeChunk.tenant_id == tenant_id,
                            func.coalesce(KnowledgeChunk.embedder, "") != self._embedder.name,
                        )
                    )
                ).all()
            for start in range(0, len(rows), _EMBED_AT_ONCE):
                batch = rows[start : start + _EMBED_AT_ONCE]
                vectors = await self._pair_vectors([(row.title, row.text) for row in batch])
                if vectors is None:
                    return
                async with self._database.transaction() as session:
                    for row, vector in zip(batch, vectors, strict=True):
                        await session.execute(
                            update(KnowledgeChunk)
                            .where(KnowledgeChunk.id == row.id)
                            .values(vector=vector.tobytes(), embedder=self._embedder.name)
                        )
                    if start + _EMBED_AT_ONCE >= len(rows):
                        await _next_revision(session, tenant_id)
        finally:
            self._embedding.discard(tenant_id)


def _from_source(tenant_id: int, source: str, agent_uid: str | None) -> ColumnElement[bool]:
    document = KnowledgeDocument
    same_agent = document.agent_uid.is_(None) if agent_uid is None else document.agent_uid == agent_uid
    return and_(document.tenant_id == tenant_id, document.source == source, same_agent)


async def _remove(session: AsyncSession, tenant_id: int, source: str, agent_uid: str | None) -> int:
    old = list(await session.scalars(select(KnowledgeDocument.id).where(_from_source(tenant_id, source, agent_uid))))
    if old:
        await session.execute(delete(KnowledgeChunk).where(KnowledgeChunk.document_id.in_(old)))
        await session.execute(delete(KnowledgeDocument).where(KnowledgeDocument.id.in_(old)))
    return len(old)


async def _require_room(session: AsyncSession, tenant_id: int) -> None:
    count = await session.scalar(
        select(func.count()).select_from(KnowledgeChunk).where(KnowledgeChunk.tenant_id == tenant_id)
    )
    if (count or 0) > CHUNKS_MAX:
        raise TooLarge("too_large", f"A tenant may keep {CHUNKS_MAX} passages at most; this would be {count}.")


async def _next_revision(session: AsyncSession, tenant_id: int) -> None:
    row = await session.get(KnowledgeRevision, tenant_id, with_for_update=True)
    if row is None:
        session.add(KnowledgeRevision(tenant_id=tenant_id, revision=1))
    else:
        row.revision += 1


def _chunk_row(
    document: KnowledgeDocument, position: int, text: str, vector: Vector | None, embedder: str | None
) -> KnowledgeChunk:
    return KnowledgeChunk(
        uid=new_uid("chunk"),
        document_id=document.id,
        tenant_id=document.tenant_id,
        agent_uid=document.agent_uid,
        position=position,
        language=document.language,
        title=document.title,
        text=text,
        vector=None if vector is None else vector.tobytes(),
        embedder=None if vector is None else embedder,
    )


def _indexed(row: KnowledgeChunk, embedder: str | None) -> IndexedChunk:
    usable = row.vector is not None and row.embedder == embedder
    vector = np.frombuffer(row.vector, dtype=np.float32) if usable and row.vector is not None else None
    return IndexedChunk(row.uid, row.agent_uid, row.language, row.title, row.text, vector)
