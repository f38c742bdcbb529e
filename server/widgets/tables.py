"""Rows of the widget's options that tenants have set."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from server.storage import Base, BigId


class WidgetOptionRow(Base):
    """One option of one tenant; `name` is dotted where the option is a field of an object."""

    __tablename__ = "widget_options"
    __table_args__ = (UniqueConstraint("tenant_id", "name"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(80))
    value: Mapped[object] = mapped_column(JSON)
    updated_at: Mapped[datetime]
