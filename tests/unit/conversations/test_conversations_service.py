"""Conversations keep what was said in one order, end exactly once, and can be rated for a while."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import delete, func, select

from server.conversations import Conversations, Message, NewConversation
from server.conversations.service import RATING_WINDOW
from server.conversations.tables import ConsentRow, ConversationEventRow, ConversationRow, MessageRow
from server.kit.errors import AppError, NotFound
from server.storage import Database
from server.tenants.tables import TenantRow
from tests.fakes.clock import FakeClock
from tests.fixtures.tenancy import Tenancy

UID = "conv_k3f"


@pytest.fixture
async def tenant_id(database: Database, clock: FakeClock) -> int:
    return (await Tenancy.over(database, clock).tenants.create("Acme")).tenant_id


@pytest.fixture
async def conversations(database: Database, clock: FakeClock, tenant_id: int) -> Conversations:
    """With one conversation, UID."""
    made = Conversations(database, clock)
    await made.start(new(tenant_id, UID, consent_version="2026-01"))
    return made


def new(tenant_id: int, uid: str, consent_version: str | None = None) -> NewConversation:
    return NewConversation(
        uid=uid,
        tenant_id=tenant_id,
        agent_uid="agent_1",
        mode="text",
        language="fr",
        origin="https://shop.example",
        consent_version=consent_version,
        page={"path": "/cart", "title": "Panier"},
    )


async def say(conversations: Conversations, text: str, uid: str | None = None, **values: Any) -> Message:
    said: dict[str, Any] = {"role": "user", "via": "text", "interrupted": False}
    return await conversations.append_message(UID, uid=uid or f"msg_{text}", text=text, **said | values)


async def code_of(work: Any) -> str:
    with pytest.raises(AppError) as refused:
        await work
    return refused.value.code


async def test_a_conversation_taken_back_with_its_transaction_leaves_nothing(
    conversations: Conversations, database: Database, tenant_id: int
) -> None:
    async def begin_and_fail() -> None:
        async with database.transaction() as session:
            await conversations.start_within(session, new(tenant_id, "conv_gone", consent_version="1"))
            raise OSError("no session")

    with pytest.raises(OSError, match="no session"):
        await begin_and_fail()
    assert await code_of(conversations.read("conv_gone")) == "not_found"
    async with database.reading() as session:
        counts = [await session.scalar(select(func.count()).select_from(row)) for row in (ConversationRow, ConsentRow)]
    assert counts == [1, 1]


async def test_a_conversation_is_read_with_all_its_messages_in_order(conversations: Conversations) -> None:
    said = [await say(conversations, text) for text in ("one", "two", "three")]
    conversation, messages = await conversations.read(UID)
    assert conversation == await conversations.by_uid(UID)
    assert messages == said


async def test_a_conversation_starts_with_its_consent(
    conversations: Conversations, database: Database, clock: FakeClock, tenant_id: int
) -> None:
    await conversations.start(new(tenant_id, "conv_without"))
    found = await conversations.by_uid(UID)
    assert (found.uid, found.state, found.mode, found.ended_reason, found.rating) == (UID, "active", "text", None, None)
    assert await conversations.events(UID) == [
        ("conversation.started", {"mode": "text", "origin": "https://shop.example"})
    ]
    async with database.reading() as session:
        consents = list(await session.scalars(select(ConsentRow)))
        row = await session.scalar(select(ConversationRow).where(ConversationRow.uid == UID))
    assert row is not None
    assert row.page == {"path": "/cart", "title": "Panier"}
    assert [(consent.conversation_id, consent.version, consent.origin, consent.at) for consent in consents] == [
        (row.id, "2026-01", "https://shop.example", clock.now())
    ]


async def test_messages_are_numbered_in_order_and_read_from_anywhere(
    conversations: Conversations, clock: FakeClock
) -> None:
    first = await say(conversations, "Bonjour")
    await clock.advance(2)
    second = await say(conversations, "Oui ?", role="agent", via="voice", interrupted=True)
    assert (first.seq, second.seq) == (1, 2)
    assert (second.at - first.at).total_seconds() == 2
    assert await conversations.messages(UID, since=0) == [first, second]
    assert await conversations.messages(UID, since=1) == [second]
    assert await conversations.messages(UID, since=2) == []
    assert await conversations.messages("conv_other", since=0) == []


async def test_messages_at_once_get_a_number_each(conversations: Conversations) -> None:
    await asyncio.gather(*(say(conversations, str(number)) for number in range(50)))
    stored = await conversations.messages(UID, since=0)
    assert [message.seq for message in stored] == list(range(1, 51))
    assert {message.text for message in stored} == {str(number) for number in range(50)}


async def test_a_message_that_comes_again_stays_as_it_is(conversations: Conversations, tenant_id: int) -> None:
    first = await say(conversations, "Bonjour", uid="msg_1")
    assert await say(conversations, "Something else", uid="msg_1") == first
    assert [message.text for message in await conversations.messages(UID, since=0)] == ["Bonjour"]
    assert (await say(conversations, "Next", uid="msg_2")).seq == 2


async def test_whatever_people_write_is_kept(conversations: Conversations) -> None:
    for number, text in enumerate(
        ("مرحبا", "😀" * 500, "a\x00b", "\ud83d", "'; DROP TABLE messages; --", "x" * 20_000)
    ):
        await say(conversations, text, uid=f"msg_{number}")
    kept = [message.text for message in await conversations.messages(UID, since=0)]
    assert kept == ["مرحبا", "😀" * 500, "ab", "\ufffd", "'; DROP TABLE messages; --", "x" * 20_000]


async def test_what_was_said_does_not_show(conversations: Conversations) -> None:
    assert "Bonjour" not in repr(await say(conversations, "Bonjour", uid="msg_1"))


async def test_it_ends_exactly_once(conversations: Conversations) -> None:
    reasons = ["visitor", "goodbye", "silence", "limit", "server"] * 4
    ended = await asyncio.gather(*(conversations.end(UID, reason) for reason in reasons))
    assert ended.count(True) == 1
    found = await conversations.by_uid(UID)
    assert (found.state, found.ended_reason) == ("ended", reasons[ended.index(True)])
    assert [type_ for type_, _ in await conversations.events(UID)].count("conversation.ended") == 1
    assert not await conversations.end("conv_unknown", "visitor")


async def test_events_are_kept_in_order(conversations: Conversations) -> None:
    await conversations.append_event(UID, "cannot_hear_you", {})
    await conversations.append_event(UID, "engine_fallback", {"from": "openai"})
    await conversations.set_mode(UID, "voice")
    assert (await conversations.events(UID))[1:] == [("cannot_hear_you", {}), ("engine_fallback", {"from": "openai"})]
    assert (await conversations.by_uid(UID)).mode == "voice"


async def test_it_can_be_rated_while_it_lasts_and_ten_minutes_after(
    conversations: Conversations, clock: FakeClock
) -> None:
    await conversations.rate(UID, 3, None)
    await conversations.end(UID, "visitor")
    await clock.advance(RATING_WINDOW.total_seconds())
    await conversations.rate(UID, 5, "Très\x00 bien")
    assert (await conversations.by_uid(UID)).rating == 5
    assert [event for event in await conversations.events(UID) if event[0] == "conversation.rated"] == [
        ("conversation.rated", {"score": 3}),
        ("conversation.rated", {"score": 5}),
    ]
    await clock.advance(1)
    assert await code_of(conversations.rate(UID, 1, None)) == "rating_closed"
    assert (await conversations.by_uid(UID)).rating == 5


async def test_only_one_to_five_is_a_rating(conversations: Conversations) -> None:
    for score in (-1, 0, 6, 2**63):
        assert await code_of(conversations.rate(UID, score, None)) == "invalid_request"
    assert (await conversations.by_uid(UID)).rating is None


async def test_an_unknown_conversation_is_not_found(conversations: Conversations) -> None:
    for work in (
        conversations.by_uid("conv_unknown"),
        conversations.events("conv_unknown"),
        conversations.rate("conv_unknown", 5, None),
        conversations.append_event("conv_unknown", "x", {}),
        conversations.append_message("conv_unknown", uid="m", role="user", text="x", via="text", interrupted=False),
    ):
        with pytest.raises(NotFound) as refused:
            await work
        assert refused.value.code == "not_found"


async def test_a_tenant_takes_its_conversations_with_it(
    conversations: Conversations, database: Database, tenant_id: int
) -> None:
    await say(conversations, "Bonjour")
    async with database.transaction() as session:
        await session.execute(delete(TenantRow).where(TenantRow.id == tenant_id))
    async with database.reading() as session:
        for table in (ConversationRow, MessageRow, ConversationEventRow, ConsentRow):
            assert await session.scalar(select(func.count()).select_from(table)) == 0
