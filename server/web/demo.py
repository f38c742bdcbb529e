"""The demo shops: one small tea shop, served on an origin that may embed the widget and on one that may not.

Every way to install the widget has its page, and every page its product pages, so that a conversation can be
carried from one to the next. The pages load nothing but the widget from another origin.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quart import Quart, Response, abort, make_response, render_template, request

_ROOT = Path(__file__).resolve().parents[2]
_RIGHT_TO_LEFT = {"ar", "ary"}


@dataclass(frozen=True)
class InstallForm:
    """One way to put the widget on a page. `template` is the tag as a customer pastes it."""

    path: str
    name: str
    template: str
    is_tag_in_head: bool = False


FORMS = (
    InstallForm("", "VOCALIA_CONFIG", "demo/forms/config.html"),
    InstallForm("data-attributes", "data-*", "demo/forms/data_attributes.html"),
    InstallForm("element", "<parloir-widget>", "demo/forms/element.html"),
    InstallForm("init", "VocalIA.init()", "demo/forms/init.html"),
    InstallForm("strict-csp", "Strict CSP", "demo/forms/strict_csp.html"),
    InstallForm("turbo", "Turbo", "demo/forms/config.html", is_tag_in_head=True),
)


@dataclass(frozen=True)
class DemoTenant:
    """What the pasted tags name: the public key, the agent's slug, and the tenant's uid."""

    public_key: str
    agent: str
    tenant: str


def create_demo_app(
    *, server_origin: str, tenant: DemoTenant, allowed_origin: str, refused_origin: str, is_allowed: bool
) -> Quart:
    """The shop for one of the two origins (`scheme://host:port`, no trailing slash); `is_allowed` says which."""
    app = Quart("parloir_demo_shop", root_path=str(_ROOT), template_folder="templates")
    app.static_folder = str(_ROOT / "static" / "demo")
    app.add_url_rule("/shop/<path:filename>", "shop_file", app.send_static_file)
    words: dict[str, dict[str, Any]] = json.loads((_ROOT / "templates/demo/words.json").read_text("utf-8"))
    forms = {form.path: form for form in FORMS}
    constants = {"forms": FORMS, "is_allowed": is_allowed, "server": server_origin, "key": tenant.public_key}
    constants |= {"agent": tenant.agent, "tenant": tenant.tenant}
    constants |= {"allowed_origin": allowed_origin, "refused_origin": refused_origin}

    async def _page(template: str, form_path: str, **values: object) -> Response:
        form = forms.get(form_path)
        if form is None:
            abort(404)
        language = _language(tuple(words))
        html = await render_template(
            template,
            **constants,
            **values,
            form=form,
            base=f"/{form.path}" if form.path else "",
            query=f"?lang={language}" if "lang" in request.args else "",
            language=language,
            direction="rtl" if language in _RIGHT_TO_LEFT else "ltr",
            theme=request.args.get("theme") if request.args.get("theme") in {"light", "dark"} else None,
            words=words[language],
        )
        response = await make_response(html)
        assert isinstance(response, Response)
        response.headers["Cache-Control"] = "no-cache"
        if form.path == "strict-csp":
            response.headers["Content-Security-Policy"] = strict_csp(server_origin)
        return response

    @app.get("/")
    @app.get("/<form_path>")
    async def home(form_path: str = "") -> Response:
        return await _page("demo/home.html", form_path)

    @app.get("/product", defaults={"form_path": "", "slug": "brume"})
    @app.get("/product/<slug>", defaults={"form_path": ""})
    @app.get("/<form_path>/product", defaults={"slug": "brume"})
    @app.get("/<form_path>/product/<slug>")
    async def product(form_path: str, slug: str) -> Response:
        if all(entry["slug"] != slug for entry in words["fr"]["products"]):
            abort(404)
        return await _page("demo/product.html", form_path, slug=slug)

    return app


def strict_csp(server_origin: str) -> str:
    """The strictest policy the widget promises to work under: our host in script-src and connect-src, no more."""
    socket_origin = "ws" + server_origin.removeprefix("http")
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'self' {server_origin}",
            f"connect-src {server_origin} {socket_origin}",
            "style-src 'self'",
            "img-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "require-trusted-types-for 'script'",
        )
    )


def _language(known: tuple[str, ...]) -> str:
    asked = request.args.get("lang", "")
    return asked if asked in known else request.accept_languages.best_match(known, default="fr")
