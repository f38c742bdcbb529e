"""People and what they belong to, read from the database; and how one is made."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from server.identity.tables import MembershipRow, UserRow
from server.kit.ids import new_uid
from server.tenants.audit import record
from server.tenants.tables import ProjectRow, TenantRow


class Role(StrEnum):
    OWNER = "owner"
    ADMIN = "admin"
    SUPERVISOR = "supervisor"  # listens in
    AGENT = "agent"  # makes calls
    VIEWER = "viewer"  # changes nothing


@dataclass(frozen=True)
class UserProject:
    id: int
    uid: str
    name: str
    tenant_id: int


@dataclass(frozen=True)
class Membership:
    """A tenant the user belongs to, and its projects, the default one first."""

    tenant_id: int
    tenant_uid: str
    tenant_name: str
    plan: str
    language: str
    role: Role
    projects: tuple[UserProject, ...]


@dataclass(frozen=True)
class User:
    """`email` is normalised; addresses.readable() is for people. Memberships come oldest first."""

    id: int
    uid: str
    email: str = field(repr=False)
    name: str = field(repr=False)
    locale: str
    memberships: tuple[Membership, ...]

    def project(self, uid: str | None = None) -> tuple[Membership, UserProject] | None:
        """The project `uid`, or without one the user's first; None when there is no such project of theirs."""
        for membership in self.memberships:
            for project in membership.projects:
                if uid is None or project.uid == uid:
                    return membership, project
        return None


@dataclass(frozen=True)
class UserFields:
    """What a new user is made of; `email` normalised, the password hashed."""

    email: str = field(repr=False)
    name: str = field(repr=False)
    locale: str
    password_hash: str = field(repr=False)


async def add_user(session: AsyncSession, user_id: int, fields: UserFields, now: datetime) -> UserRow:
    """A user of this id in the caller's transaction."""
    row = UserRow(
        id=user_id,
        uid=new_uid("user"),
        email=fields.email,
        name=fields.name,
        locale=fields.locale,
        password_hash=fields.password_hash,
        confirmed_at=now,
        created_at=now,
    )
    session.add(row)
    await session.flush()
    return row


async def add_member(session: AsyncSession, user_id: int, tenant_id: int, role: Role, now: datetime) -> None:
    """Let the user belong to the tenant, in the caller's transaction; who does already gets the role."""
    row = await session.scalar(
        select(MembershipRow).where(MembershipRow.user_id == user_id, MembershipRow.tenant_id == tenant_id)
    )
    if row is None:
        session.add(MembershipRow(user_id=user_id, tenant_id=tenant_id, role=role.value, created_at=now))
    else:
        row.role = role.value
    await session.flush()


async def user_of(session: AsyncSession, row: UserRow) -> User:
    """The user of `row` with memberships and projects."""
    found = (
        await session.execute(
            select(MembershipRow, TenantRow, ProjectRow)
            .join(TenantRow, TenantRow.id == MembershipRow.tenant_id)
            .outerjoin(ProjectRow, ProjectRow.tenant_id == TenantRow.id)
            .where(MembershipRow.user_id == row.id)
            .order_by(MembershipRow.id, ProjectRow.id)
        )
    ).all()
    belongs: dict[int, tuple[MembershipRow, TenantRow, list[ProjectRow]]] = {}
    for membership, tenant, project in found:
        projects = belongs.setdefault(membership.id, (membership, tenant, []))[2]
        if project is not None:
            projects.append(project)
    return User(
        row.id, row.uid, row.email, row.name, row.locale, tuple(_membership(*each) for each in belongs.values())
    )


async def record_of_user(
    session: AsyncSession, now: datetime, user: User, action: str, details: dict[str, Any], actor: str | None = None
) -> None:
    """An entry in the audit log of every tenant of the user, by the user unless `actor` says otherwise. Do it last."""
    for tenant_id in sorted(each.tenant_id for each in user.memberships):  # one order for all: two never wait in a ring
        await record(session, now, tenant_id, actor or f"user:{user.uid}", action, {"user": user.uid, **details})


def _membership(membership: MembershipRow, tenant: TenantRow, projects: Sequence[ProjectRow]) -> Membership:
    return Membership(
        tenant_id=tenant.id,
        tenant_uid=tenant.uid,
        tenant_name=tenant.name,
        plan=tenant.plan,
        language=tenant.language,
        role=Role(membership.role),
        projects=tuple(UserProject(each.id, each.uid, each.name, tenant.id) for each in projects),
    )
