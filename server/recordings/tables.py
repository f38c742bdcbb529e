"""Rows of recordings: one a call, with how it stands; the sound itself is in the object store."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from server.storage import Base, BigId


class RecordingRow(Base):
    """`uid` names its files. `lost_ms` is what was not written in time or never heard: silence stands there."""

    __tablename__ = "recordings"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    uid: Mapped[str] = mapped_column(String(40), unique=True)
    call_id: Mapped[int] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"), unique=True)
    state: Mapped[str] = mapped_column(String(12), index=True)
    started_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    duration_ms: Mapped[int]
    lost_ms: Mapped[int]
    size: Mapped[int]
    failure: Mapped[str | None] = mapped_column(String(60))
