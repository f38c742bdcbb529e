"""Objects in an S3-compatible bucket: the only file that knows obstore."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import S3Store

from server.kit.errors import Unavailable
from server.storage.objects import CHUNK_BYTES, ObjectInfo, checked_key, checked_range, missing

_CONNECT_TIMEOUT = timedelta(seconds=5)
_REQUEST_TIMEOUT = timedelta(seconds=60)
_RETRIES = 3
_RETRY_TIMEOUT = timedelta(seconds=30)


@dataclass(frozen=True)
class Bucket:
    """Where the bucket is. `endpoint` is for services other than Amazon's; keys None means the machine's own role."""

    name: str
    prefix: str = ""
    endpoint: str | None = None
    region: str = "us-east-1"
    access_key: str | None = None
    secret_key: str | None = field(default=None, repr=False)

    @classmethod
    def from_url(
        cls, url: str, endpoint: str | None, region: str, access_key: str | None, secret_key: str | None
    ) -> "Bucket":
        """The bucket of `s3://name/prefix`."""
        name, _, prefix = url.removeprefix("s3://").strip("/").partition("/")
        return cls(name, prefix, endpoint, region, access_key, secret_key)


class S3Objects:
    """An ObjectStore over one bucket. Large files go up in parts; nothing is visible before the last of them."""

    def __init__(self, bucket: Bucket, retries: int = _RETRIES) -> None:
        """Nothing is asked of the service yet."""
        config: dict[str, str] = {"region": bucket.region}
        if bucket.endpoint is not None:
            config["endpoint"] = bucket.endpoint
        if bucket.access_key is not None and bucket.secret_key is not None:
            config |= {"access_key_id": bucket.access_key, "secret_access_key": bucket.secret_key}
        self._store = S3Store(
            bucket.name,
            prefix=bucket.prefix or None,
            config=config,  # type: ignore[arg-type]  # a TypedDict that is filled as far as known
            client_options={
                "connect_timeout": _CONNECT_TIMEOUT,
                "timeout": _REQUEST_TIMEOUT,
                "allow_http": bucket.endpoint is not None and bucket.endpoint.startswith("http://"),
            },
            retry_config={"max_retries": retries, "retry_timeout": _RETRY_TIMEOUT},
        )

    async def put(self, key: str, data: bytes, content_type: str) -> None:
        with _refusals(checked_key(key)):
            await obstore.put_async(self._store, key, data, attributes={"Content-Type": content_type})

    async def put_file(self, key: str, path: Path, content_type: str) -> None:
        with _refusals(checked_key(key)):
            await obstore.put_async(self._store, key, path, attributes={"Content-Type": content_type})

    async def info(self, key: str) -> ObjectInfo | None:
        try:
            with _refusals(checked_key(key)):
                meta = await obstore.head_async(self._store, key)
        except FileNotFoundError:
            return None
        return ObjectInfo(meta["size"], _etag(meta["e_tag"]), meta["last_modified"])

    async def open(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        info = await self.info(key)
        if info is None:
            raise missing(key)
        stop = checked_range(info.size, start, end)
        if stop == 0:
            return _nothing()
        try:
            with _refusals(key):
                result = await obstore.get_async(self._store, key, options={"range": (start, stop)})
        except FileNotFoundError:
            raise missing(key) from None
        return _chunks(key, result)

    async def delete(self, key: str) -> None:
        try:
            with _refusals(checked_key(key)):
                await obstore.delete_async(self._store, key)
        except FileNotFoundError:
            return


@contextmanager
def _refusals(key: str) -> Iterator[None]:
    """Say what went wrong in our own words: the service's are long, and may quote requests with their signatures."""
    try:
        yield
    except (NotFoundError, FileNotFoundError):
        raise FileNotFoundError(key) from None
    except BaseError as failure:
        raise Unavailable("storage_unavailable", f"Stored files cannot be reached: {type(failure).__name__}.") from None


def _etag(quoted: str | None) -> str:
    return (quoted or "").removeprefix("W/").strip('"')


async def _chunks(key: str, result: "obstore.GetResult") -> AsyncIterator[bytes]:
    with _refusals(key):
        async for chunk in result.stream(min_chunk_size=CHUNK_BYTES):
            yield bytes(chunk)


async def _nothing() -> AsyncIterator[bytes]:
    return
    yield b""
