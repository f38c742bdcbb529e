"""What is an e-mail address, what is a password, and what a mail says: rules about values, without a database."""

import asyncio
import json
import string
from pathlib import Path

import pytest

from server.identity import mail
from server.identity.addresses import normalised, readable
from server.identity.mail import LANGUAGES, compose
from server.identity.passwords import Cost, Passwords, check_password
from server.kit.errors import InvalidInput, TooMany

CHEAP = Cost(memory_kib=64, passes=1)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("Anna@Example.COM", "anna@example.com"),
        (" a.b+c@sub.example.co ", "a.b+c@sub.example.co"),
        ("info@münchen.example", "info@xn--mnchen-3ya.example"),
        ("info@MÜNCHEN.example", "info@xn--mnchen-3ya.example"),
        ("info@xn--mnchen-3ya.example", "info@xn--mnchen-3ya.example"),
        ("jose\u0301@example.com", "josé@example.com"),
        ("عمر@مثال.إختبار", "عمر@xn--mgbh0fb.xn--kgbechtv"),
        ("o'neil@example.com", "o'neil@example.com"),
    ],
)
def test_addresses_have_one_form(text: str, address: str) -> None:
    assert normalised(text) == address
    assert normalised(readable(address)) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "@",
        "anna",
        "anna@",
        "@example.com",
        "anna@localhost",
        "anna@127.0.0.1",
        "anna@[127.0.0.1]",
        "a b@example.com",
        "a@b@example.com",
        '"a b"@example.com',
        "anna@example.com\nBcc: all@example.com",
        "anna\r\n@example.com",
        "anna@exam\x00ple.com",
        "anna,bob@example.com",
        "<anna@example.com>",
        ".anna@example.com",
        "an..na@example.com",
        "anna@-example.com",
        "anna@example..com",
        "x" * 65 + "@example.com",
        "x@" + "e" * 64 + ".com",
        "x@" + "e.example." * 40 + "com",
        "x@" + "e" * 100_000,
        "\ud800@example.com",
    ],
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        normalised(text)
    assert refusal.value.code == "invalid_email"
    assert [detail.field for detail in refusal.value.details] == ["email"]


@pytest.mark.parametrize(
    "password", ["", "short", "x" * 201, "aaaaaaaaaaaaaaaa", "abababababababab", "anna@example.com", "ANNA.LONGNAME"]
)
def test_weak_passwords(password: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        check_password(password, "anna.longname@example.com" if "LONG" in password else "anna@example.com")
    assert refusal.value.code == "weak_password"


@pytest.mark.parametrize("password", ["correct horse", "كلمة سر طويلة", "🦊🐻🐼🐨🐯🦁🐮🐷🐸🐵", "x1y2z3 \ud800 a"])
async def test_passwords_of_every_script(password: str) -> None:
    check_password(password, "anna@example.com")
    passwords = Passwords(CHEAP)
    hashed = await passwords.hash(password)
    assert (await passwords.verify(password, hashed)).is_right
    assert not (await passwords.verify(f"{password}x", hashed)).is_right
    await passwords.close()


async def test_the_same_password_from_another_keyboard() -> None:
    passwords = Passwords(CHEAP)
    hashed = await passwords.hash("motdepass\u00e9 long")
    assert (await passwords.verify("motdepasse\u0301 long", hashed)).is_right
    await passwords.close()


@pytest.mark.parametrize("hashed", [None, "", "not a hash", "$argon2id$v=19$m=64,t=1,p=1$x$y"])
async def test_without_a_hash_no_password_is_right(hashed: str | None) -> None:
    passwords = Passwords(CHEAP)
    assert not (await passwords.verify("nobody's password", hashed)).is_right
    await passwords.close()


async def test_only_so_many_wait_for_their_hash() -> None:
    passwords = Passwords(CHEAP)
    work = [passwords.hash("correct horse") for _ in range(60)]
    done = await asyncio.gather(*work, return_exceptions=True)
    refusals = [each for each in done if isinstance(each, TooMany)]
    assert len(refusals) == 60 - 42
    assert (await passwords.hash("correct horse")).startswith("$argon2id$")
    await passwords.close()


def test_every_mail_is_there_in_every_language_with_the_same_places() -> None:
    texts = json.loads((Path(mail.__file__).parent / "mails.json").read_text("utf-8"))
    for kind, by_language in texts.items():
        assert set(by_language) == set(LANGUAGES), kind
        places = {
            language: {
                name for part in words.values() for _, name, _, _ in string.Formatter().parse(part) if name is not None
            }
            for language, words in by_language.items()
        }
        assert len({frozenset(each) for each in places.values()}) == 1, kind
        assert len({words["text"] for words in by_language.values()}) == len(LANGUAGES), kind


def test_no_value_breaks_out_of_its_line() -> None:
    made = compose(
        "confirmation", "a@example.com", "fr", code="1\r\nBcc: b@example.com", minutes="15", server="s\u2028x"
    )
    assert "\n" not in made.subject
    assert "Bcc" in made.subject  # in the line, where it does nothing
    assert "s x" in made.text
    assert compose("known", "a@example.com", "de", server="s").language == "en"
