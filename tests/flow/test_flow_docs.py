"""/docs as a reader meets it: two languages, every link leads somewhere, nothing is fetched from elsewhere."""

import json
import re
from urllib.parse import unquote

import httpx

from server.web.docs.content import GROUPS, LANGUAGES, preferred
from server.web.docs.reference import Reference
from server.web.docs.search import FOUND_MAX
from server.web.documentation import ERROR_CODES, SITE
from server.web.openapi.refusals import meanings
from tests.fixtures.application import Running, refusal

HREF = re.compile(r'(?:href|src)="([^"]+)"')
ANCHOR = re.compile(r'id="([^"]+)"')
FENCES = re.compile(r"^```.*?^```$", re.M | re.S)
SLUGS = [slug for slugs in GROUPS.values() for slug in slugs]


async def get(running: Running, path: str, **headers: str) -> httpx.Response:
    return await running.http.get(f"{running.url}{path}", headers=headers)


async def pages(running: Running) -> dict[str, str]:
    """Every page that can be reached from the first of each language, by address."""
    found: dict[str, str] = {}
    waiting = [f"/docs/{language}/" for language in LANGUAGES]
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        answer = await get(running, path)
        assert answer.status_code == 200, path
        found[path] = answer.text
        waiting += [each.partition("#")[0] for each in absolute(path, answer.text) if each.startswith("/docs/")]
        waiting = [each for each in waiting if not each.startswith("/docs/assets/")]
    return found


def absolute(path: str, html: str) -> list[str]:
    links = [each.replace("&amp;", "&") for each in HREF.findall(html)]
    folder = path.rpartition("/")[0]
    inside = [each for each in links if not re.match(r"[a-z]+:|//", each)]
    return [
        each if each.startswith("/") else f"{path}{each}" if each.startswith("#") else f"{folder}/{each}"
        for each in inside
    ]


async def test_every_page_is_there_in_both_languages_and_every_link_leads_somewhere(sqlite_running: Running) -> None:
    found = await pages(sqlite_running)
    for language in LANGUAGES:
        for slug in SLUGS:
            assert f"/docs/{language}/{'' if slug == 'index' else slug}" in found
        assert f"/docs/{language}/api/calls" in found
        assert f"/docs/{language}/api/events" in found
    for path, html in found.items():
        assert f'<html lang="{path.split("/")[2]}">' in html
        for link in absolute(path, html):
            target, _, anchor = link.partition("#")
            if target in found:
                assert not anchor or unquote(anchor) in ANCHOR.findall(found[target]), (path, link)
            else:
                assert (await get(sqlite_running, target)).status_code == 200, (path, link)


async def test_a_page_runs_nothing_from_elsewhere_and_is_not_sent_twice(sqlite_running: Running) -> None:
    page = await get(sqlite_running, "/docs/en/webhooks")
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "style=" not in page.text
    assert re.findall(r"<script(?![^>]* src=)", page.text) == []
    assert (
        await get(sqlite_running, "/docs/en/webhooks", **{"If-None-Match": page.headers["ETag"]})
    ).status_code == 304
    for asset in re.findall(r'"(/docs/assets/[^"]+)"', page.text):
        file = await get(sqlite_running, asset)
        assert file.status_code == 200
        assert "immutable" in file.headers["Cache-Control"]
    assert refusal(await get(sqlite_running, "/docs/assets/older/docs.css")) == (404, "not_found")
    assert refusal(await get(sqlite_running, "/docs/en/nothing")) == (404, "not_found")
    assert refusal(await get(sqlite_running, "/docs/de/")) == (404, "not_found")
    page = await get(sqlite_running, "/docs/en/nothing", Accept="text/html,*/*;q=0.8")
    assert (page.status_code, "There is nothing here" in page.text) == (404, True)
    assert refusal(await get(sqlite_running, "/api/v1/nothing", Accept="text/html")) == (404, "not_found")
    assert refusal(await get(sqlite_running, "/docs/en/api/nothing")) == (404, "not_found")


async def test_the_examples_name_the_readers_own_server(sqlite_running: Running) -> None:
    origin = sqlite_running.parloir.settings.origin
    page = (await get(sqlite_running, "/docs/en/live-transcripts")).text
    assert "voice.example.com" not in page
    assert origin in page
    assert origin.replace("http", "ws", 1) + "/cable" in page


async def test_the_language_is_the_browsers_and_then_the_readers(sqlite_running: Running) -> None:
    for asked, language in (("fr-CA,fr;q=0.9,en;q=0.8", "fr"), ("de,en;q=0.5", "en"), ("", "en"), ("es", "en")):
        answer = await get(sqlite_running, "/docs", **{"Accept-Language": asked})
        assert answer.headers["Location"].endswith(f"/docs/{language}/"), asked
        assert answer.headers["Vary"] == "Accept-Language"
    assert preferred("en;q=0.2,fr;q=0.9") == "fr"
    assert preferred("fr;q=nonsense,;;,en") == "en"
    assert 'href="/docs/fr/calls" hreflang="fr"' in (await get(sqlite_running, "/docs/en/calls")).text


def test_both_languages_show_the_same_examples() -> None:
    for slug in SLUGS:
        english, french = (FENCES.findall((SITE / each / f"{slug}.md").read_text()) for each in LANGUAGES)
        assert english == french, slug


def test_both_languages_have_the_same_words() -> None:
    english, french = (json.loads((SITE / each / "words.json").read_text()) for each in LANGUAGES)
    assert english.keys() == french.keys()
    assert english["groups"].keys() == french["groups"].keys() == GROUPS.keys()


async def test_the_story_of_the_relay_has_a_page_of_its_own(sqlite_running: Running) -> None:
    """P-061: the page that sets one up says where it is, and every event it tells of is one we send."""
    events = (await get(sqlite_running, "/openapi.json")).json()["webhooks"]
    for language in LANGUAGES:
        setting_up = (await get(sqlite_running, f"/docs/{language}/relay-numbers")).text
        assert f"/docs/{language}/relay" in absolute(f"/docs/{language}/relay-numbers", setting_up)
        story = (await get(sqlite_running, f"/docs/{language}/relay")).text
        named = set(re.findall(r"<code>((?:phone_call|sms)\.[a-z-]+)</code>", story))
        assert len(named) == 7
        assert named <= events.keys()


async def test_the_whole_reference_is_in_french(sqlite_running: Running) -> None:
    """A text that is new to the document needs its row in docs/site/fr/api.json, and a row nobody needs goes."""
    document = (await get(sqlite_running, "/openapi.json")).json()
    asked = {"Events"}

    def say(english: str) -> str:
        asked.add(english)
        return english

    reference = Reference(document, say, meanings(ERROR_CODES))
    for tag in reference.tags:
        say(tag)
        reference.operations(tag)
    reference.events()
    french = set(json.loads((SITE / "fr" / "api.json").read_text()))
    assert {"missing": asked - french, "of no use": french - asked} == {"missing": set(), "of no use": set()}


async def found(running: Running, language: str, query: str) -> list[str]:
    """Where a search leads, the best first."""
    answer = await running.http.get(f"{running.url}/docs/{language}/search", params={"q": query})
    assert answer.status_code == 200, query
    return re.findall(r'<li><a href="([^"]+)">', answer.text.partition('class="found"')[2])


async def test_a_search_finds_pages_operations_events_and_fields_in_both_languages(sqlite_running: Running) -> None:
    for language, query, best in (
        ("en", "test keys", "/docs/en/authentication#test-keys"),
        ("en", "TEST-KEYS how", "/docs/en/authentication#test-keys"),
        ("en", "rotat", "/docs/en/authentication#make-rotate-revoke"),
        ("en", "phone_call.completed", "/docs/en/api/events#phone_call-completed"),
        ("fr", "cles de test", "/docs/fr/authentication#les-clés-de-test"),
        ("fr", "evenements", "/docs/fr/softphone#commandes-et-événements"),
    ):
        assert best in (await found(sqlite_running, language, query))[:3], query
    operation = (await found(sqlite_running, "en", "forward_to"))[0]
    assert operation.startswith("/docs/en/api/relay"), operation
    path, _, anchor = operation.partition("#")
    assert f'id="{anchor}"' in (await get(sqlite_running, path)).text


async def test_a_search_is_a_form_and_survives_whatever_is_typed(sqlite_running: Running) -> None:
    page = (await get(sqlite_running, "/docs/fr/webhooks")).text
    assert re.search(r'<form class="find" role="search" action="/docs/fr/search">', page)
    assert await found(sqlite_running, "en", "") == []
    answer = await sqlite_running.http.get(f"{sqlite_running.url}/docs/en/search", params={"q": "<zzzq>"})
    assert "Nothing found for “&lt;zzzq&gt;”" in answer.text
    for junk in ("\0", "%", "_", "__", "(", "a" * 9_000, "\ud7ff" * 50, "a b c d e f g h i j k l m n o p"):
        assert len(await found(sqlite_running, "en", junk)) <= FOUND_MAX, junk
