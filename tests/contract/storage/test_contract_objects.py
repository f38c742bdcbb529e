"""What every object store promises, asked of each of them: a folder, and an S3-speaking server."""

import asyncio
import os
from pathlib import Path

import pytest

from server.kit.errors import NotFound, Unavailable
from server.storage.objects import CHUNK_BYTES, LocalObjects, ObjectStore
from server.storage.s3_objects import Bucket, S3Objects
from tests.fixtures.object_servers import s3_bucket, s3_endpoint  # noqa: F401  # fixtures are found by name
from tests.fixtures.servers import free_port

KIND = "audio/mpeg"


@pytest.fixture(params=["folder", "s3"])
def objects(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    if request.param == "folder":
        return LocalObjects(tmp_path / "objects")
    return S3Objects(request.getfixturevalue("s3_bucket"))


async def content(objects: ObjectStore, key: str, start: int = 0, end: int | None = None) -> bytes:
    return b"".join([chunk async for chunk in await objects.open(key, start, end)])


async def test_what_is_put_comes_back(objects: ObjectStore) -> None:
    await objects.put("recordings/7/bridge_7.mp3", b"sound", KIND)
    info = await objects.info("recordings/7/bridge_7.mp3")
    assert info is not None
    assert info.size == 5
    assert info.etag
    assert '"' not in info.etag
    assert info.modified_at.tzinfo is not None
    assert await content(objects, "recordings/7/bridge_7.mp3") == b"sound"


async def test_an_empty_object_is_an_object(objects: ObjectStore) -> None:
    await objects.put("empty", b"", KIND)
    info = await objects.info("empty")
    assert info is not None
    assert info.size == 0
    assert await content(objects, "empty") == b""


async def test_a_file_larger_than_a_part_comes_back_whole_and_in_pieces(objects: ObjectStore, tmp_path: Path) -> None:
    data = os.urandom(11 * 1024 * 1024 + 17)
    (tmp_path / "long.mp3").write_bytes(data)
    await objects.put_file("long.mp3", tmp_path / "long.mp3", KIND)
    (tmp_path / "long.mp3").unlink()
    assert await content(objects, "long.mp3") == data
    chunks = [chunk async for chunk in await objects.open("long.mp3")]
    assert max(map(len, chunks)) < len(data)
    assert await content(objects, "long.mp3", 3, 4) == data[3:4]
    assert await content(objects, "long.mp3", 0, 10) == data[:10]
    middle = (CHUNK_BYTES - 5, 3 * CHUNK_BYTES + 5)
    assert await content(objects, "long.mp3", *middle) == data[slice(*middle)]
    assert await content(objects, "long.mp3", len(data) - 1) == data[-1:]


@pytest.mark.parametrize(("start", "end"), [(5, None), (6, None), (2, 2), (3, 2), (0, 6), (-1, None)])
async def test_a_range_that_is_not_there_is_refused(objects: ObjectStore, start: int, end: int | None) -> None:
    await objects.put("five", b"12345", KIND)
    with pytest.raises(ValueError, match="range"):
        await objects.open("five", start, end)


async def test_other_bytes_have_another_etag(objects: ObjectStore) -> None:
    etags = set()
    for data in (b"first", b"second"):
        await objects.put("changing", data, KIND)
        info = await objects.info("changing")
        assert info is not None
        etags.add(info.etag)
    assert len(etags) == 2
    assert await content(objects, "changing") == b"second"


async def test_what_was_opened_is_read_to_its_end_though_it_is_replaced(objects: ObjectStore) -> None:
    old, new = b"a" * 600_000, b"b" * 600_000
    await objects.put("replaced", old, KIND)
    opened = await objects.open("replaced")
    first = await anext(opened)
    await objects.put("replaced", new, KIND)
    rest = b"".join([chunk async for chunk in opened])
    assert first + rest == old


async def test_many_who_put_one_key_at_once_leave_one_of_their_contents(objects: ObjectStore) -> None:
    contents = [bytes([65 + number]) * 50_000 for number in range(8)]
    await asyncio.gather(*(objects.put("contended", data, KIND) for data in contents))
    assert await content(objects, "contended") in contents


async def test_what_is_not_there_is_said_to_be_missing(objects: ObjectStore) -> None:
    assert await objects.info("nothing/here") is None
    with pytest.raises(NotFound):
        await objects.open("nothing/here")
    await objects.delete("nothing/here")


async def test_what_is_deleted_is_gone(objects: ObjectStore) -> None:
    await objects.put("a/b", b"1", KIND)
    await objects.put("a/c", b"2", KIND)
    await objects.delete("a/b")
    assert await objects.info("a/b") is None
    assert await content(objects, "a/c") == b"2"


@pytest.mark.parametrize(
    "key", ["", "/etc/passwd", "../secret", "a/../../secret", "a//b", "a/", ".hidden", "a\\b", "a\nb", "é", "x" * 501]
)
async def test_a_key_that_leads_elsewhere_is_refused(objects: ObjectStore, key: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"1")
    with pytest.raises(ValueError, match="key"):
        await objects.put(key, b"1", KIND)
    with pytest.raises(ValueError, match="key"):
        await objects.put_file(key, tmp_path / "file", KIND)
    with pytest.raises(ValueError, match="key"):
        await objects.open(key)
    with pytest.raises(ValueError, match="key"):
        await objects.info(key)
    with pytest.raises(ValueError, match="key"):
        await objects.delete(key)


async def test_a_file_that_is_not_there_cannot_be_put(objects: ObjectStore, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        await objects.put_file("key", tmp_path / "missing", KIND)
    assert await objects.info("key") is None


async def test_a_service_that_is_away_is_unavailable_and_its_secret_is_not_told() -> None:
    bucket = Bucket("b", endpoint=f"http://127.0.0.1:{free_port()}", access_key="key", secret_key="very-secret")
    assert "very-secret" not in repr(bucket)
    objects = S3Objects(bucket, retries=0)
    with pytest.raises(Unavailable) as refusal:
        await objects.info("key")
    assert refusal.value.code == "storage_unavailable"
    assert "very-secret" not in refusal.value.message


@pytest.mark.parametrize(
    ("url", "name", "prefix"),
    [("s3://calls", "calls", ""), ("s3://calls/", "calls", ""), ("s3://calls/a/b/", "calls", "a/b")],
)
def test_a_bucket_is_named_by_its_address(url: str, name: str, prefix: str) -> None:
    assert Bucket.from_url(url, None, "eu-west-3", None, None) == Bucket(name, prefix, region="eu-west-3")


async def test_a_failed_put_leaves_no_file_behind(tmp_path: Path) -> None:
    objects = LocalObjects(tmp_path / "objects")
    await objects.put("kept", b"1", KIND)
    with pytest.raises(FileNotFoundError):
        await objects.put_file("kept", tmp_path / "missing", KIND)
    assert [file.name for file in (tmp_path / "objects").iterdir()] == ["kept"]
    assert await content(objects, "kept") == b"1"
