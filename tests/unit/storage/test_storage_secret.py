"""The master secret is made once, readable by its owner only, and opens only what it sealed for the same purpose."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from server.storage.secret import MasterSecret


def test_the_file_is_made_once_and_private(tmp_path: Path) -> None:
    path = tmp_path / "data" / "master.secret"
    made, found = MasterSecret.from_file(path), MasterSecret.from_file(path)
    assert made.key_for("x") == found.key_for("x")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["master.secret"]


def test_processes_that_start_together_share_one_secret(tmp_path: Path) -> None:
    path = tmp_path / "master.secret"
    with ThreadPoolExecutor(8) as threads:
        keys = set(threads.map(lambda _: MasterSecret.from_file(path).key_for("x"), range(32)))
    assert len(keys) == 1


def test_a_short_secret_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        MasterSecret(b"x" * 31)
    (tmp_path / "master.secret").write_text("c2hvcnQ=")
    with pytest.raises(ValueError, match="32 bytes"):
        MasterSecret.from_file(tmp_path / "master.secret")


def test_keys_differ_by_purpose_and_by_secret() -> None:
    one, other = MasterSecret(b"1" * 32), MasterSecret(b"2" * 32)
    assert len({one.key_for("a"), one.key_for("b"), other.key_for("a"), b"1" * 32}) == 4


def test_what_is_sealed_opens_only_with_the_same_secret_and_purpose() -> None:
    secret = MasterSecret(b"1" * 32)
    sealed = secret.seal(b"value", "signing")
    assert b"value" not in sealed
    assert secret.unseal(sealed, "signing") == b"value"
    assert secret.seal(b"value", "signing") != sealed
    changed = sealed[:-1] + bytes([sealed[-1] ^ 1])
    for opener, body, purpose in [
        (MasterSecret(b"2" * 32), sealed, "signing"),
        (secret, sealed, "other"),
        (secret, changed, "signing"),
    ]:
        with pytest.raises(ValueError, match="another master secret"):
            opener.unseal(body, purpose)


def test_nothing_of_it_shows() -> None:
    assert "1111" not in repr(MasterSecret(b"1" * 32))
