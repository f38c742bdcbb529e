"""A token is accepted by the one verifier it was made for, while its key and its time last, and refused otherwise."""

import asyncio
import base64
import hmac
import json
import random
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from server.kit.errors import NotAuthenticated
from server.sessions.keys import FRESH_S, OVERLAP, SigningKey, SigningKeys
from server.sessions.signing import LEEWAY, Purpose, Tokens
from server.storage import Database
from server.storage.secret import MasterSecret
from tests.fakes.clock import FakeClock

MASTER = MasterSecret(b"m" * 32)
LIFETIME = timedelta(minutes=5)
ROW, BINDING = "wses_k3f", {"gen": 1}


@pytest.fixture
def keys(database: Database, clock: FakeClock) -> SigningKeys:
    return SigningKeys(database, MASTER, clock)


@pytest.fixture
def widget(keys: SigningKeys, clock: FakeClock) -> Tokens:
    return Tokens(Purpose.WIDGET, LIFETIME, keys, clock)


async def refusal(tokens: Tokens, token: str) -> str:
    with pytest.raises(NotAuthenticated) as refused:
        await tokens.verify(token)
    return refused.value.code


def parts_of(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    header, claims, _ = token.split(".")
    return json.loads(_decoded(header)), json.loads(_decoded(claims))


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


async def test_what_is_signed_is_read_back(widget: Tokens) -> None:
    claims = await widget.verify(await widget.sign(ROW, BINDING))
    assert (claims.subject, claims.own["gen"]) == (ROW, 1)
    assert claims.token_id.startswith("tok_")


async def test_a_token_holds_the_least_it_can(widget: Tokens, clock: FakeClock) -> None:
    header, claims = parts_of(await widget.sign(ROW, BINDING))
    assert header.keys() == {"alg", "kid", "typ"}
    assert (header["alg"], header["typ"]) == ("EdDSA", "widget+jwt")
    assert claims.keys() == {"iss", "sub", "aud", "jti", "iat", "exp", "gen"}
    assert claims["exp"] - claims["iat"] == LIFETIME.total_seconds()
    assert claims["iat"] == clock.now().timestamp()


async def test_two_tokens_are_never_the_same(widget: Tokens) -> None:
    assert await widget.sign(ROW, BINDING) != await widget.sign(ROW, BINDING)


async def test_every_kind_opens_its_own_door_only(keys: SigningKeys, clock: FakeClock) -> None:
    doors = {purpose: Tokens(purpose, LIFETIME, keys, clock) for purpose in Purpose}
    assert {"embed", "player", "cable", "widget", "stream", "access"} <= set(doors)
    refusals = 0
    for kind, signer in doors.items():
        token = await signer.sign(ROW, {})
        for purpose, door in doors.items():
            if purpose is kind:
                assert (await door.verify(token)).subject == ROW
            else:
                assert await refusal(door, token) == "session_invalid"
                refusals += 1
    assert refusals == len(doors) * (len(doors) - 1) >= 30


# ------------------------------------------------------------------ the refusal table


class Forger:
    """Makes tokens of any shape, with our own key or another."""

    def __init__(self, key: SigningKey, good: str) -> None:
        self.key = key
        self.header, self.claims = parts_of(good)
        self.good = good

    def token(
        self,
        claims: Mapping[str, Any] | None = None,
        without: str | None = None,
        headers: Mapping[str, Any] | None = None,
        key: Any = None,
        algorithm: str = "EdDSA",
    ) -> str:
        body = {name: value for name, value in (self.claims | dict(claims or {})).items() if name != without}
        shown = {name: value for name, value in (self.header | dict(headers or {})).items() if name != "alg"}
        encoder = jwt.PyJWS(options={"enforce_minimum_key_length": False})
        return encoder.encode(json.dumps(body).encode(), key or self.key.private, algorithm, shown)

    def hmac(self, secret: bytes) -> str:
        """Signed with a text that everybody knows, as if it were a shared secret."""
        shown = base64.urlsafe_b64encode(json.dumps(self.header | {"alg": "HS256"}).encode()).rstrip(b"=").decode()
        signed = f"{shown}.{self.good.split('.')[1]}"
        digest = hmac.digest(secret, signed.encode(), "sha256")
        return f"{signed}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"

    def raw(self, header: Mapping[str, Any], claims: Any, signature: bytes = b"") -> str:
        encoded = [json.dumps(header).encode(), json.dumps(claims).encode(), signature]
        return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in encoded)


@pytest.fixture
async def forger(keys: SigningKeys, widget: Tokens) -> Forger:
    return Forger(await keys.current(), await widget.sign(ROW, BINDING))


async def test_the_forger_can_make_a_good_token(forger: Forger, widget: Tokens) -> None:
    """Otherwise what follows would be refused for another reason than the one it names."""
    assert (await widget.verify(forger.token())).subject == ROW
    assert (await widget.verify(forger.token(claims={"gen": 2}))).own["gen"] == 2


def forged(forger: Forger) -> dict[str, str]:
    public = forger.key.public
    spki = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    stranger = ed25519.Ed25519PrivateKey.generate()
    stranger_jwk = json.loads(jwt.algorithms.OKPAlgorithm.to_jwk(stranger.public_key()))
    strange = {
        "alg none": forger.raw(forger.header | {"alg": "none"}, forger.claims),
        "alg None, signed": forger.raw(forger.header | {"alg": "None"}, forger.claims, b"x" * 64),
        "no signature": forger.good.rsplit(".", 1)[0] + ".",
        "HS256 with the public key's bytes": forger.hmac(public.public_bytes_raw()),
        "HS256 with the public key's text": forger.hmac(spki),
        "HS256 with nothing": forger.hmac(b""),
        "RS256": forger.token(key=rsa.generate_private_key(65_537, 2_048), algorithm="RS256"),
        "a stranger's key": forger.token(key=stranger),
        "a stranger's key, kid unknown": forger.token(key=stranger, headers={"kid": "key_stranger"}),
        "a stranger's key in jwk": forger.token(key=stranger, headers={"jwk": stranger_jwk}),
        "kid traversal": forger.token(headers={"kid": "../../../../dev/null"}),
        "kid injection": forger.token(headers={"kid": "x' OR '1'='1"}),
        "kid with NUL": forger.token(headers={"kid": "key\x00"}),
        "kid that is no text": forger.raw(forger.header | {"kid": 7}, forger.claims, b"x" * 64),
        "kid missing": forger.raw({"alg": "EdDSA", "typ": "widget+jwt"}, forger.claims, b"x" * 64),
        "jku": forger.token(headers={"jku": "https://evil.example/keys"}),
        "x5u": forger.token(headers={"x5u": "https://evil.example/cert"}),
        "x5c": forger.token(headers={"x5c": ["MIIB"]}),
        "crit": forger.token(headers={"crit": ["exp"]}),
        "typ of another kind": forger.token(headers={"typ": "embed+jwt"}),
        "typ JWT": forger.token(headers={"typ": "JWT"}),
        "typ missing": forger.raw({"alg": "EdDSA", "kid": forger.key.kid}, forger.claims, b"x" * 64),
        "issuer": forger.token(claims={"iss": "somebody"}),
        "subject that is a number": forger.token(claims={"sub": 7}),
        "audience of another kind": forger.token(claims={"aud": "embed"}),
        "audience in a list": forger.token(claims={"aud": ["widget"]}),
        "audience in a list of two": forger.token(claims={"aud": ["widget", "embed"]}),
        "expiry that is text": forger.token(claims={"exp": "never"}),
        "expiry that is a fraction": forger.token(claims={"exp": 9e15}),
        "expiry that is null": forger.token(claims={"exp": None}),
        "claims that are a list": forger.raw(forger.header, [], b"x" * 64),
        "two parts": forger.good.rsplit(".", 1)[0],
        "four parts": forger.good + ".x",
        "too long": forger.token(claims={"x": "x" * 2_000}),
        "empty": "",
        "dots": "..",
    }
    missing = {f"without {name}": forger.token(without=name) for name in ("iss", "sub", "aud", "jti", "iat", "exp")}
    return strange | missing


async def test_the_refusal_table(forger: Forger, widget: Tokens) -> None:
    table = forged(forger)
    assert len(table) >= 42
    for name, token in table.items():
        assert await refusal(widget, token) == "session_invalid", name


async def test_no_character_can_be_changed(forger: Forger, widget: Tokens) -> None:
    for position, character in enumerate(forger.good[:-1]):  # the last one has bits that mean nothing
        changed = forger.good[:position] + ("A" if character != "A" else "B") + forger.good[position + 1 :]
        assert await refusal(widget, changed) == "session_invalid", position


async def test_random_text_is_refused(forger: Forger, widget: Tokens) -> None:
    chance = random.Random(7)
    alphabet = "".join(map(chr, range(256))) + "…é\ud800\u202e" + "." * 40
    for _ in range(500):
        assert await refusal(widget, "".join(chance.choices(alphabet, k=chance.randrange(200)))) == "session_invalid"


class OneKey:
    """A source of keys with one key in it."""

    def __init__(self) -> None:
        self.key = SigningKey("key_1", ed25519.Ed25519PrivateKey.generate())

    async def current(self) -> SigningKey:
        return self.key

    async def by_kid(self, kid: str) -> SigningKey | None:
        return self.key if kid == self.key.kid else None


_RESERVED = {"iss", "sub", "aud", "jti", "iat", "exp", "nbf"}
own_claims = st.dictionaries(
    st.from_regex(r"[a-z_]{1,8}", fullmatch=True).filter(lambda name: name not in _RESERVED),
    st.integers() | st.text(max_size=20),
    max_size=2,
)


@given(st.text(max_size=30), own_claims, st.sampled_from(Purpose), st.floats(0, 0.99), st.text())
def test_any_claims_come_back_and_no_change_to_them_does(
    subject: str, own: dict[str, Any], purpose: Purpose, place: float, noise: str
) -> None:
    tokens = Tokens(purpose, LIFETIME, OneKey(), FakeClock())

    async def use() -> None:
        token = await tokens.sign(subject, own)
        claims = await tokens.verify(token)
        assert (claims.subject, {name: claims.own[name] for name in own}) == (subject, own)
        position = int(place * (len(token) - 1))
        character = "A" if token[position] != "A" else "B"
        for changed in (token[:position] + character + token[position + 1 :], token[:position], noise):
            assert await refusal(tokens, changed) == "session_invalid"

    asyncio.run(use())


# ------------------------------------------------------------------ time


async def test_a_token_lives_as_long_as_it_says_and_a_little_leeway(widget: Tokens, clock: FakeClock) -> None:
    token = await widget.sign(ROW, BINDING)
    await clock.advance((LIFETIME + LEEWAY).total_seconds())
    assert (await widget.verify(token)).subject == ROW
    await clock.advance(1)
    assert await refusal(widget, token) == "session_expired"


async def test_a_forged_token_is_invalid_and_not_merely_expired(forger: Forger, widget: Tokens) -> None:
    stranger = ed25519.Ed25519PrivateKey.generate()
    assert await refusal(widget, forger.token(claims={"exp": 1}, key=stranger)) == "session_invalid"
    assert await refusal(widget, forger.token(claims={"exp": 1})) == "session_expired"


# ------------------------------------------------------------------ keys


async def test_after_a_rotation_new_tokens_have_the_new_key_and_old_ones_are_still_good(
    database: Database, keys: SigningKeys, clock: FakeClock
) -> None:
    long_lived = Tokens(Purpose.WIDGET, timedelta(days=30), keys, clock)
    old = await long_lived.sign(ROW, BINDING)
    kid = await keys.rotate()
    new = await long_lived.sign(ROW, BINDING)
    assert parts_of(new)[0]["kid"] == kid != parts_of(old)[0]["kid"]
    await clock.advance(OVERLAP.total_seconds() - 1)
    assert (await long_lived.verify(old)).subject == ROW
    await clock.advance(1)
    assert await refusal(long_lived, old) == "session_invalid"
    assert (await long_lived.verify(new)).subject == ROW
    await keys.rotate()
    async with database.reading() as session:  # keys that verify nothing are gone
        assert await session.scalar(text("SELECT count(*) FROM signing_keys")) == 2


async def test_a_rotation_reaches_other_processes(database: Database, clock: FakeClock) -> None:
    here, there = (SigningKeys(database, MASTER, clock) for _ in range(2))
    signer, verifier = (Tokens(Purpose.WIDGET, LIFETIME, keys, clock) for keys in (here, there))
    await verifier.verify(await signer.sign(ROW, BINDING))
    kid = await here.rotate()
    await verifier.verify(await signer.sign(ROW, BINDING))  # at once, although the other process did the rotation
    await clock.advance(FRESH_S + 0.1)
    assert (await there.current()).kid == kid


async def test_processes_that_start_together_accept_each_others_tokens(database: Database, clock: FakeClock) -> None:
    processes = [Tokens(Purpose.WIDGET, LIFETIME, SigningKeys(database, MASTER, clock), clock) for _ in range(4)]
    tokens = await asyncio.gather(*(process.sign(ROW, BINDING) for process in processes))
    for process in processes:
        for token in tokens:
            assert (await process.verify(token)).subject == ROW


async def test_keys_outlive_a_restart_and_are_sealed_at_rest(
    database: Database, keys: SigningKeys, clock: FakeClock
) -> None:
    key = await keys.current()
    again = await SigningKeys(database, MASTER, clock).current()
    assert again.kid == key.kid
    assert again.private.private_bytes_raw() == key.private.private_bytes_raw()
    async with database.reading() as session:
        sealed = await session.scalar(text("SELECT sealed FROM signing_keys"))
    assert key.private.private_bytes_raw() not in bytes(sealed)
    with pytest.raises(ValueError, match="another master secret"):
        await SigningKeys(database, MasterSecret(b"n" * 32), clock).current()
