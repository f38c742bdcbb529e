"""The demo shops: every way to paste the tag, on pages that name the right server, key and origin."""

import json
import re
from pathlib import Path

import pytest
from quart import Quart

from server.web.demo import FORMS, DemoTenant, create_demo_app, strict_csp

ROOT = Path(__file__).resolve().parents[3]
SERVER = "http://localhost:8080"
ALLOWED = "http://localhost:8081"
REFUSED = "http://localhost:8082"


def shop(*, is_allowed: bool = True) -> Quart:
    return create_demo_app(
        server_origin=SERVER,
        tenant=DemoTenant(public_key="voc_pk_live_abc", agent="support", tenant="maison_quai_k7m2"),
        allowed_origin=ALLOWED,
        refused_origin=REFUSED,
        is_allowed=is_allowed,
    )


async def page_of(app: Quart, path: str) -> str:
    answer = await app.test_client().get(path)
    assert answer.status_code == 200, path
    return str(await answer.get_data(as_text=True))


async def test_the_front_page_holds_the_documented_tag() -> None:
    page = await page_of(shop(), "/?lang=es")
    config = re.search(r"window\.VOCALIA_CONFIG = \{(.*?)\};", page, re.DOTALL)
    assert config
    assert 'tenant_id: "maison_quai_k7m2"' in config[1]
    assert f'api_url: "{SERVER}"' in config[1]
    assert 'language: "es"' in config[1]
    assert f'<script src="{SERVER}/voice-assistant/voice-widget-b2b.js" async>' in page


@pytest.mark.parametrize("form", [form.path for form in FORMS])
async def test_every_form_has_a_front_page_and_product_pages_that_lead_to_each_other(form: str) -> None:
    app = shop()
    base = f"/{form}" if form else ""
    front, product = await page_of(app, base or "/"), await page_of(app, f"{base}/product/maree")
    assert f'href="{base}/product/maree"' in front
    assert f'href="{base or "/"}"' in product
    for page in (front, product):
        assert page.count(f'<script src="{SERVER}/') == 1


async def test_the_single_tag_carries_key_and_agent() -> None:
    page = await page_of(shop(), "/data-attributes?lang=en")
    assert 'data-api-key="voc_pk_live_abc" data-agent-id="support"' in page


async def test_the_strict_page_has_the_strict_policy_and_nothing_inline() -> None:
    answer = await shop().test_client().get("/strict-csp")
    page = str(await answer.get_data(as_text=True))
    assert answer.headers["Content-Security-Policy"] == strict_csp(SERVER)
    assert f"connect-src {SERVER} ws://localhost:8080;" in strict_csp(SERVER)
    assert re.findall(r"<script(?![^>]*\bsrc=)", page) == []
    assert "<style" not in page
    assert re.findall(r'\s(?:style|on[a-z]+)="', page) == []


async def test_a_page_loads_nothing_from_elsewhere_but_the_widget() -> None:
    app = shop()
    for form in FORMS:
        page = await page_of(app, f"/{form.path}")
        loaded = re.findall(r'<(?:script|img|link|iframe)\b[^>]*?\b(?:src|href)="([^"]+)"', page)
        assert loaded
        assert [address for address in loaded if not address.startswith(("/shop/", f"{SERVER}/"))] == []


async def test_every_file_a_page_names_is_served() -> None:
    client = shop().test_client()
    page = await page_of(shop(), "/turbo")
    for address in re.findall(r'"(/shop/[^"]+)"', page):
        assert (await client.get(address)).status_code == 200, address


async def test_only_the_refused_shop_explains_itself_and_says_what_to_type() -> None:
    refused, allowed = await page_of(shop(is_allowed=False), "/?lang=en"), await page_of(shop(), "/?lang=en")
    assert "origin_not_allowed" in refused
    assert f"parloir tenants origins add maison_quai_k7m2 {REFUSED}" in refused
    assert f'href="{ALLOWED}/?lang=en"' in refused
    assert "origin_not_allowed" not in allowed


@pytest.mark.parametrize(
    ("path", "language", "direction"),
    [("/?lang=ar", "ar", "rtl"), ("/?lang=ary", "ary", "rtl"), ("/?lang=en", "en", "ltr"), ("/?lang=xx", "fr", "ltr")],
)
async def test_language_and_direction(path: str, language: str, direction: str) -> None:
    assert f'<html lang="{language}" dir="{direction}">' in await page_of(shop(), path)


async def test_the_browser_s_language_is_taken_when_none_is_asked_for() -> None:
    answer = await shop().test_client().get("/", headers={"Accept-Language": "es-MX,es;q=0.9,en;q=0.5"})
    assert '<html lang="es"' in await answer.get_data(as_text=True)


@pytest.mark.parametrize(
    "path", ["/nothing", "/product/nothing", "/nothing/product", "/shop/nothing.css", "/shop/../words.json"]
)
async def test_what_is_not_there_is_not_found(path: str) -> None:
    assert (await shop().test_client().get(path)).status_code == 404


async def test_a_hostile_address_stays_text() -> None:
    page = await page_of(shop(), '/?lang="><script>alert(1)</script>&theme="onload=alert(1)')
    assert "alert(1)" not in page


def test_every_language_says_everything() -> None:
    words = json.loads((ROOT / "templates/demo/words.json").read_text("utf-8"))

    def shape(value: object) -> object:
        if isinstance(value, dict):
            return {key: shape(entry) for key, entry in value.items()}
        return [shape(entry) for entry in value] if isinstance(value, list) else bool(value)

    for language, entry in words.items():
        assert shape(entry) == shape(words["fr"]), language
