"""Where recordings go: a bucket is understood or refused at start, and its secret is shown nowhere."""

import pytest
from pydantic import ValidationError

from server.settings import Settings


def settings(**chosen: str) -> Settings:
    return Settings(_env_file=None, **chosen)  # type: ignore[call-arg, arg-type]


@pytest.mark.parametrize("url", ["s3://calls", "s3://calls.example/", "s3://calls/parloir/eu-1/"])
def test_a_bucket_may_be_named_with_a_prefix(url: str) -> None:
    assert settings(storage_url=url).storage_url == url


@pytest.mark.parametrize("url", ["calls", "https://calls", "s3://", "s3://Calls", "s3://calls//x", "s3://calls/../x"])
def test_any_other_address_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="s3://bucket"):
        settings(storage_url=url)


def test_keys_come_together_and_are_shown_nowhere() -> None:
    chosen = settings(storage_access_key="the-id", storage_secret_key="the-secret")
    assert "the-id" not in repr(chosen)
    assert "the-secret" not in repr(chosen)
    for alone in ("storage_access_key", "storage_secret_key"):
        with pytest.raises(ValidationError, match="needed together"):
            settings(**{alone: "one"})
