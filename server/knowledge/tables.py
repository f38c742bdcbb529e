"""The tables of what tenants teach their agents: documents, the chunks that are searched, and a revision per tenant."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from server.storage.base import Base, BigId


class KnowledgeDocument(Base):
    """One entry: a question with its answer, or a titled text. `source` is the file it came from."""

    __tablename__ = "knowledge_documents"
    __table_args__ = (Index(None, "tenant_id", "agent_uid", "source"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    uid: Mapped[str] = mapped_column(String(40), unique=True)
    tenant_id: Mapped[int] = mapped_column(BigId, ForeignKey("tenants.id", ondelete="CASCADE"))
    agent_uid: Mapped[str | None] = mapped_column(String(40))  # null: every agent of the tenant knows it
    source: Mapped[str] = mapped_column(String(200))
    language: Mapped[str] = mapped_column(String(8))
    title: Mapped[str] = mapped_column(String(500))
    text: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]


class KnowledgeChunk(Base):
    """A piece of a document, short enough to answer with. `vector` is float32 of any length, made by `embedder`."""

    __tablename__ = "knowledge_chunks"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    uid: Mapped[str] = mapped_column(String(40), unique=True)
    document_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("knowledge_documents.id", ondelete="CASCADE"), index=True
    )
    tenant_id: Mapped[int] = mapped_column(BigId, ForeignKey("tenants.id", ondelete="CASCADE"), index=True)
    agent_uid: Mapped[str | None] = mapped_column(String(40))
    position: Mapped[int]  # within the document, from 0
    language: Mapped[str] = mapped_column(String(8))
    title: Mapped[str] = mapped_column(String(500))
    text: Mapped[str] = mapped_column(Text)
    vector: Mapped[bytes | None] = mapped_column(LargeBinary)
    embedder: Mapped[str | None] = mapped_column(String(80))


class KnowledgeRevision(Base):
    """Grows with every change of a tenant's knowledge, so that search indexes know when they are old."""

    __tablename__ = "knowledge_revisions"

    tenant_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("tenants.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    revision: Mapped[int]
