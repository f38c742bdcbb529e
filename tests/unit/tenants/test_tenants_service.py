"""A tenant is made with all it needs, its keys open what they should, and a page reaches the agent it names."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text, update

from server.kit.errors import AppError, InvalidInput, NotAuthenticated, NotFound
from server.kit.ids import is_well_formed_secret, new_secret
from server.kit.log import mask
from server.storage import Database
from server.tenants.credentials import Kind
from server.tenants.plans import PLANS
from server.tenants.service import NewTenant
from server.tenants.tables import AgentRow, AuditEntryRow, CredentialRow
from tests.fakes.clock import FakeClock
from tests.fixtures.tenancy import Tenancy

SHOP = "https://shop.example"


@pytest.fixture
def tenancy(database: Database, clock: FakeClock) -> Tenancy:
    return Tenancy.over(database, clock)


@pytest.fixture
async def acme(tenancy: Tenancy) -> NewTenant:
    return await tenancy.tenants.create("Acme Corp", [SHOP], plan="pro", language="en")


def keys_of(tenant: NewTenant) -> dict[Kind, str]:
    return {
        Kind.PROJECT: tenant.project_token,
        Kind.SECRET: tenant.secret_key,
        Kind.PUBLIC: tenant.public_key,
        Kind.MASTER: tenant.master_key,
    }


# ------------------------------------------------------------------ tenants


async def test_a_new_tenant_has_all_it_needs(tenancy: Tenancy, acme: NewTenant) -> None:
    assert acme.tenant_uid.startswith("acme_corp_")
    assert len(acme.tenant_uid) == len("acme_corp_") + 4
    found = await tenancy.tenants.by_uid(acme.tenant_uid)
    assert (found.id, found.name, found.plan, found.language) == (acme.tenant_id, "Acme Corp", "pro", "en")
    assert await tenancy.tenants.find_by_name("Acme Corp") == found
    assert await tenancy.tenants.all() == [found]
    assert await tenancy.origins.of(acme.tenant_id) == [SHOP]
    target = await tenancy.credentials.resolve_widget(acme.public_key, acme.agent_slug, None)
    assert (target.agent.slug, target.agent.language, target.agent.name) == ("support", "en", "Acme Corp")
    assert target.plan == PLANS["pro"]
    assert target.consent.required


async def test_any_name_makes_a_tenant(tenancy: Tenancy) -> None:
    for name, starts_with in [
        ("Acme", "acme_"),
        ("  Société Générale d'Été ", "societe_generale_d_ete_"),
        ("متجر", "tenant_"),
        ("x" * 120, "x" * 40 + "_"),
        ("'; DROP TABLE tenants; --", "drop_table_tenants_"),
        ("a\x00b", "ab_"),
    ]:
        made = await tenancy.tenants.create(name)
        assert made.tenant_uid.startswith(starts_with)
        assert (await tenancy.tenants.by_uid(made.tenant_uid)).id == made.tenant_id


async def test_two_tenants_of_one_name_are_two(tenancy: Tenancy) -> None:
    one, other = await tenancy.tenants.create("Acme"), await tenancy.tenants.create("Acme")
    assert one.tenant_uid != other.tenant_uid
    assert len(set(keys_of(one).values()) | set(keys_of(other).values())) == 8
    found = await tenancy.tenants.find_by_name("Acme")
    assert found is not None
    assert found.id == one.tenant_id


async def test_a_tenant_that_cannot_be_made_leaves_nothing(tenancy: Tenancy) -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"name": " "}, "invalid_name"),
        ({"name": "\x00"}, "invalid_name"),
        ({"name": "x" * 121}, "invalid_name"),
        ({"plan": "unlimited"}, "unknown_plan"),
        ({"language": "de"}, "unknown_language"),
        ({"origins": [SHOP, "null"]}, "invalid_origin"),
        ({"origins": [f"https://shop{number}.example" for number in range(11)]}, "too_many_origins"),
    ]
    for values, code in cases:
        with pytest.raises(InvalidInput) as refused:
            await tenancy.tenants.create(**({"name": "Acme"} | values))
        assert refused.value.code == code, values
    assert await tenancy.tenants.all() == []


async def test_unknown_tenants_are_not_found(tenancy: Tenancy) -> None:
    with pytest.raises(NotFound) as refused:
        await tenancy.tenants.by_uid("nobody_0000")
    assert refused.value.code == "unknown_tenant"
    assert await tenancy.tenants.find_by_name("Nobody") is None


async def test_every_change_leaves_an_audit_entry(tenancy: Tenancy, acme: NewTenant) -> None:
    await tenancy.tenants.add_origin(acme.tenant_id, "https://OTHER.example", actor="ops")
    await tenancy.tenants.remove_origin(acme.tenant_id, SHOP, actor="ops")
    await tenancy.tenants.set_agent(acme.tenant_id, "support", {"name": "Léa"}, actor="ops")
    async with tenancy.database.reading() as session:
        entries = list(await session.scalars(select(AuditEntryRow).order_by(AuditEntryRow.id)))
    assert [(entry.actor, entry.action, entry.details) for entry in entries] == [
        ("cli", "tenant.created", {"plan": "pro"}),
        ("ops", "origin.added", {"origin": "https://other.example"}),
        ("ops", "origin.removed", {"origin": SHOP}),
        ("ops", "agent.set", {"slug": "support", "fields": ["name"]}),
    ]
    assert await tenancy.origins.of(acme.tenant_id) == ["https://other.example"]


# ------------------------------------------------------------------ agents


async def test_an_agent_is_changed_field_by_field(tenancy: Tenancy, acme: NewTenant) -> None:
    values = {
        "name": "Léa",
        "language": "ary",
        "voice": "af_heart",
        "greeting": "Hello!",
        "instructions": "Be kind.",
        "handoff_label": "Call us",
        "handoff_url": "tel:+33123456789",
        "avatar_url": "https://shop.example/lea.png",
        "text_only": True,
        "consent_required": False,
        "consent_version": "2026-01",
        "consent_text": "We listen.",
    }
    for field, value in values.items():
        await tenancy.tenants.set_agent(acme.tenant_id, "support", {field: value})
    target = await tenancy.credentials.resolve_widget(None, None, acme.tenant_uid)
    agent = target.agent
    assert (agent.name, agent.language, agent.voice, agent.greeting) == ("Léa", "ary", "af_heart", "Hello!")
    assert (agent.instructions, agent.handoff_label, agent.handoff_url) == ("Be kind.", "Call us", "tel:+33123456789")
    assert (target.avatar_url, target.text_only) == ("https://shop.example/lea.png", True)
    assert (target.consent.required, target.consent.version, target.consent.text) == (False, "2026-01", "We listen.")
    await tenancy.tenants.set_agent(acme.tenant_id, "support", {"voice": None, "greeting": "", "instructions": None})
    agent = (await tenancy.credentials.resolve_widget(None, None, acme.tenant_uid)).agent
    assert (agent.voice, agent.greeting, agent.instructions, agent.name) == (None, None, "", "Léa")


async def test_a_new_slug_makes_an_agent_of_that_tenant_only(tenancy: Tenancy, acme: NewTenant) -> None:
    other = await tenancy.tenants.create("Other")
    await tenancy.tenants.set_agent(acme.tenant_id, "agent_support_fr", {"language": "fr"})
    found = await tenancy.credentials.resolve_widget(acme.public_key, "agent_support_fr", None)
    assert (found.agent.language, found.agent.name) == ("fr", "Acme Corp")
    assert (await tenancy.credentials.resolve_widget(acme.public_key, None, None)).agent.slug == "support"
    assert [agent.slug for agent in await tenancy.tenants.agents(acme.tenant_id)] == ["support", "agent_support_fr"]
    assert [agent.slug for agent in await tenancy.tenants.agents(other.tenant_id)] == ["support"]
    with pytest.raises(NotFound):
        await tenancy.credentials.resolve_widget(other.public_key, "agent_support_fr", None)


async def test_a_wrong_field_changes_nothing(tenancy: Tenancy, acme: NewTenant) -> None:
    cases: list[tuple[str, dict[str, Any], str]] = [
        ("support", {"id": 7}, "unknown_field"),
        ("support", {"tenant_id": 7}, "unknown_field"),
        ("support", {"language": "de"}, "unknown_language"),
        ("support", {"language": None}, "invalid_field"),
        ("support", {"name": ""}, "invalid_field"),
        ("support", {"name": "x" * 121}, "invalid_field"),
        ("support", {"name": 7}, "invalid_field"),
        ("support", {"text_only": "true"}, "invalid_field"),
        ("support", {"consent_required": None}, "invalid_field"),
        ("support", {"consent_version": None}, "invalid_field"),
        ("support", {"handoff_url": "javascript:alert(1)"}, "invalid_field"),
        ("support", {"handoff_url": "java\nscript:alert(1)"}, "invalid_field"),
        ("support", {"handoff_url": "http://shop.example"}, "invalid_field"),
        ("support", {"handoff_url": "https://["}, "invalid_field"),
        ("support", {"handoff_url": "tel:"}, "invalid_field"),
        ("support", {"avatar_url": "data:image/svg+xml,<svg onload=alert(1)>"}, "invalid_field"),
        ("support", {"instructions": "x" * 20_001}, "invalid_field"),
        ("Support", {"name": "Léa"}, "invalid_slug"),
        ("1533", {"name": "Léa"}, "invalid_slug"),
        ("", {"name": "Léa"}, "invalid_slug"),
        ("a" * 81, {"name": "Léa"}, "invalid_slug"),
    ]
    before = (await tenancy.credentials.resolve_widget(None, None, acme.tenant_uid)).agent
    for slug, values, code in cases:
        with pytest.raises(InvalidInput) as refused:
            await tenancy.tenants.set_agent(acme.tenant_id, slug, {"greeting": "Changed"} | values)
        assert refused.value.code == code, (slug, values)
    assert (await tenancy.credentials.resolve_widget(None, None, acme.tenant_uid)).agent == before
    async with tenancy.database.reading() as session:
        assert len(list(await session.scalars(select(AgentRow)))) == 1


async def test_a_field_that_is_wrong_is_named(tenancy: Tenancy, acme: NewTenant) -> None:
    with pytest.raises(InvalidInput) as refused:
        await tenancy.tenants.set_agent(acme.tenant_id, "support", {"name": "", "voice": 7, "greeting": "Hi"})
    assert [problem.field for problem in refused.value.details] == ["name", "voice"]


# ------------------------------------------------------------------ keys


async def test_a_key_opens_what_its_kind_opens(tenancy: Tenancy, acme: NewTenant) -> None:
    for kind, prefix, scopes in [
        (Kind.PROJECT, "prj_", {"project"}),
        (Kind.SECRET, "voc_sk_live_", {"project"}),
        (Kind.PUBLIC, "voc_pk_live_", {"widget"}),
        (Kind.MASTER, "vk_", {"project", "tenant"}),
    ]:
        key = keys_of(acme)[kind]
        assert key.startswith(prefix)
        assert is_well_formed_secret(key)
        principal = await tenancy.credentials.resolve(key)
        assert (principal.tenant_id, principal.tenant_uid) == (acme.tenant_id, acme.tenant_uid)
        assert (principal.kind, principal.scopes, principal.livemode) == (kind, frozenset(scopes), True)
        assert (principal.project_id is not None) == (kind is Kind.PROJECT)


async def test_keys_that_are_not_ours_are_refused(tenancy: Tenancy, acme: NewTenant) -> None:
    key = acme.secret_key
    typo = key[:-1] + ("a" if key[-1] != "a" else "b")
    for wrong in ("", " ", "x", key.upper(), typo, f" {key}", f"{key}\n", key[1:], new_secret("voc_sk_live_"), "é" * 40,
                  "\ud800" * 40, "\x00", "voc_sk_live_" + "a" * 100_000):  # fmt: skip
        with pytest.raises(NotAuthenticated) as refused:
            await tenancy.credentials.resolve(wrong)
        assert refused.value.code == "invalid_key"


async def test_a_key_means_nothing_to_another_deployment(tenancy: Tenancy, acme: NewTenant, clock: FakeClock) -> None:
    elsewhere = Tenancy.over(tenancy.database, clock, secret=b"n" * 32)
    with pytest.raises(NotAuthenticated):
        await elsewhere.credentials.resolve(acme.secret_key)


async def test_revoked_and_expired_keys_are_refused(tenancy: Tenancy, acme: NewTenant, clock: FakeClock) -> None:
    async def change(kind: Kind, **values: Any) -> None:
        async with tenancy.database.transaction() as session:
            await session.execute(update(CredentialRow).where(CredentialRow.kind == kind.value).values(**values))

    await change(Kind.SECRET, expires_at=clock.now() + timedelta(seconds=10))
    await change(Kind.MASTER, revoked_at=clock.now())
    with pytest.raises(NotAuthenticated):
        await tenancy.credentials.resolve(acme.master_key)
    assert (await tenancy.credentials.resolve(acme.secret_key)).kind is Kind.SECRET
    await clock.advance(10)
    with pytest.raises(NotAuthenticated):
        await tenancy.credentials.resolve(acme.secret_key)


async def test_only_the_public_key_is_stored_readable(tenancy: Tenancy, acme: NewTenant) -> None:
    async with tenancy.database.reading() as session:
        stored = str((await session.execute(text("SELECT * FROM credentials"))).all())
    assert acme.public_key in stored
    for secret in (acme.project_token, acme.secret_key, acme.master_key):
        assert secret not in stored
        assert secret[-4:] in stored  # by which its owner knows it
    assert await tenancy.credentials.public_key_of(acme.tenant_id) == acme.public_key
    assert await tenancy.credentials.public_key_of(404) is None


def test_secrets_do_not_show(tenancy: Tenancy, acme: NewTenant) -> None:
    for secret in (acme.project_token, acme.secret_key, acme.master_key):
        assert secret not in repr(acme)
    for secret in (acme.secret_key, acme.master_key):
        assert secret not in mask(f"key {secret}")


# ------------------------------------------------------------------ what a page names


async def test_key_and_agent_or_tenant_alone_reach_the_same_target(tenancy: Tenancy, acme: NewTenant) -> None:
    by_key = await tenancy.credentials.resolve_widget(acme.public_key, "support", None)
    by_uid = await tenancy.credentials.resolve_widget(acme.public_key, by_key.agent.uid, None)
    by_number = await tenancy.credentials.resolve_widget(acme.public_key, str(acme.agent_id), None)
    by_tenant = await tenancy.credentials.resolve_widget(None, None, acme.tenant_uid)
    by_both = await tenancy.credentials.resolve_widget(acme.public_key, "support", acme.tenant_uid)
    assert by_key == by_uid == by_number == by_tenant == by_both
    assert await tenancy.credentials.target_of(acme.tenant_id, by_key.agent.uid) == by_key


async def test_names_that_lead_nowhere_say_why(tenancy: Tenancy, acme: NewTenant) -> None:
    other = await tenancy.tenants.create("Other")
    number = str(other.agent_id)
    cases: list[tuple[str | None, str | None, str | None, str]] = [
        (None, None, None, "invalid_request"),
        (None, "support", None, "invalid_request"),
        ("", "", "", "invalid_request"),
        (new_secret("voc_pk_live_"), None, None, "invalid_key"),
        (acme.secret_key, "support", None, "invalid_key"),
        (acme.master_key, None, acme.tenant_uid, "invalid_key"),
        (acme.project_token, "support", None, "invalid_key"),
        (None, None, "nobody_0000", "invalid_key"),
        (None, None, "nobody\x00", "invalid_key"),
        (None, None, acme.tenant_uid + "\ud800", "invalid_key"),
        (None, None, str(acme.tenant_id), "invalid_key"),
        (acme.public_key, "sales", None, "unknown_agent"),
        (acme.public_key, "sup\x00port", None, "unknown_agent"),
        (acme.public_key, "%", None, "unknown_agent"),
        (acme.public_key, number, None, "unknown_agent"),
        (acme.public_key, "9" * 80, None, "unknown_agent"),
        (None, "sales", acme.tenant_uid, "unknown_agent"),
        (acme.public_key, "support", other.tenant_uid, "config_mismatch"),
        (acme.public_key, None, "nobody_0000", "config_mismatch"),
    ]
    for key, agent, tenant, code in cases:
        with pytest.raises(AppError) as refused:
            await tenancy.credentials.resolve_widget(key, agent, tenant)
        assert refused.value.code == code, (agent, tenant)
