"""Recordings as browsers fetch them: signed addresses, ranges, what a page of another origin may read."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.sessions.recording_links import LIFETIME
from server.sessions.signing import Purpose, Tokens
from server.storage import Database
from server.storage.objects import CHUNK_BYTES
from server.storage.s3_objects import S3Objects
from tests.fakes.clock import FakeClock
from tests.fixtures.application import refusal
from tests.fixtures.object_servers import s3_bucket, s3_endpoint  # noqa: F401  # fixtures are found by name
from tests.fixtures.recording_server import SECONDS, Served, serving_recordings
from tests.fixtures.recordings import Place, heard


@pytest.fixture(params=["folder", pytest.param("s3", marks=pytest.mark.slow)])
async def served(
    request: pytest.FixtureRequest, sqlite_database: Database, tmp_path: Path, clock: FakeClock
) -> AsyncIterator[Served]:
    options = {} if request.param == "folder" else {"objects": S3Objects(request.getfixturevalue("s3_bucket"))}
    async with serving_recordings(Place(sqlite_database, tmp_path, clock), **options) as server:
        yield server


async def test_the_whole_file_comes_with_what_players_need(served: Served) -> None:
    answer = await served.get()
    assert answer.status_code == 200
    assert answer.content == served.data
    assert len(answer.content) > CHUNK_BYTES
    assert heard(answer.content).seconds == SECONDS
    assert answer.headers["Content-Type"] == "audio/mpeg"
    assert answer.headers["Content-Length"] == str(len(served.data))
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["ETag"].startswith('"')
    assert answer.headers["Last-Modified"].endswith("GMT")
    assert answer.headers["Content-Disposition"] == f'inline; filename="bridge_{served.recorded}.mp3"'
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"


async def test_for_keeping_it_comes_as_an_attachment(served: Served) -> None:
    answer = await served.get(add="&download=1")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="bridge_{served.recorded}.mp3"'
    assert answer.content == served.data


async def test_head_says_what_get_would(served: Served) -> None:
    for headers in ({}, {"Range": "bytes=10-19"}):
        get, head = await served.get(**headers), await served.get(method="HEAD", **headers)
        assert head.content == b""
        assert head.status_code == get.status_code
        for name in ("Content-Length", "Content-Type", "ETag", "Last-Modified", "Accept-Ranges"):
            assert head.headers[name] == get.headers[name]
        assert head.headers.get("Content-Range") == get.headers.get("Content-Range")


@pytest.mark.parametrize(
    ("asked", "part"),
    [("bytes=0-", slice(0, None)), ("bytes=288-575", slice(288, 576)), ("bytes=-1000", slice(-1000, None)),
     ("bytes=400000-99999999", slice(400_000, None))],
)  # fmt: skip
async def test_a_part_of_it_comes_alone(served: Served, asked: str, part: slice) -> None:
    answer = await served.get(Range=asked)
    size = len(served.data)
    start, stop, _ = part.indices(size)
    assert answer.status_code == 206
    assert answer.content == served.data[part]
    assert answer.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{size}"
    assert answer.headers["Content-Length"] == str(stop - start)


async def test_what_lies_beyond_the_end_is_refused_with_the_size(served: Served) -> None:
    for method in ("GET", "HEAD"):
        answer = await served.get(method=method, Range="bytes=99999999-")
        assert answer.status_code == 416
        assert answer.headers["Content-Range"] == f"bytes */{len(served.data)}"
        assert answer.content == b""


async def test_a_range_of_another_version_gives_everything(served: Served) -> None:
    etag = (await served.get(method="HEAD")).headers["ETag"]
    assert (await served.get(Range="bytes=0-9", If_Range=etag)).status_code == 206
    answer = await served.get(Range="bytes=0-9", If_Range='"another"')
    assert answer.status_code == 200
    assert answer.content == served.data
    assert (await served.get(If_None_Match=f'"another", {etag}')).status_code == 304


async def test_a_link_is_for_one_recording_and_for_an_hour(served: Served) -> None:
    url = await served.links.link(served.recorded, served.origin, "test")
    served.clock.jump(LIFETIME.total_seconds() - 1)
    assert (await served.http.get(url)).status_code == 200
    served.clock.jump(30)
    expired = await served.http.get(url)
    assert refusal(expired) == (410, "link_expired")
    assert expired.headers["Access-Control-Allow-Origin"] == "*"
    url = await served.links.link(served.never, served.origin, "test")
    elsewhere = url.replace(f"bridge_{served.never}.", f"bridge_{served.recorded}.")
    assert refusal(await served.http.get(elsewhere)) == (401, "link_invalid")


async def test_whoever_has_no_link_of_ours_hears_nothing(served: Served) -> None:
    address = f"{served.origin}/recordings/bridge_{served.recorded}.mp3"
    player = Tokens(Purpose.REPLAY, LIFETIME, served.keys, served.clock)
    foreign = await player.sign(str(served.recorded), {})
    for query in ("", "?token=", "?token=nonsense", f"?token={foreign}", "?token=" + "x" * 5_000):
        assert refusal(await served.http.get(address + query)) == (401, "link_invalid")
        assert refusal(await served.http.get(address + query, headers={"Range": "bytes=0-1"})) == (401, "link_invalid")


async def test_what_is_not_there_says_why(served: Served) -> None:
    assert refusal(await served.get(served.never)) == (404, "no_recording")
    assert refusal(await served.get(served.going_on)) == (409, "recording_not_ready")
    assert refusal(await served.get(10**30)) == (404, "not_found")
    await served.stored.erase(served.recorded)
    assert refusal(await served.get()) == (410, "recording_erased")


async def test_many_listen_at_once_and_one_may_leave_early(served: Served) -> None:
    url = await served.links.link(served.recorded, served.origin, "test")
    async with served.http.stream("GET", url) as answer:
        await anext(answer.aiter_raw())
    answers = await asyncio.gather(*(served.get() for _ in range(8)))
    assert all(answer.content == served.data for answer in answers)
