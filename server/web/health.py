"""For operators: `/healthz` (alive), `/readyz` (may take visitors), `/metrics` (Prometheus)."""

from collections.abc import Awaitable, Callable

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from quart import Blueprint, Response, jsonify

Readiness = Callable[[], Awaitable[dict[str, str]]]
"""Part -> "ready", or what is wrong with it in words."""


def health(readiness: Readiness, metrics: CollectorRegistry) -> Blueprint:
    routes = Blueprint("health", __name__)

    @routes.get("/healthz")
    async def healthz() -> Response:
        return jsonify({"status": "ok"})

    @routes.get("/readyz")
    async def readyz() -> Response:
        parts = await readiness()
        # Speech that is still loading, or missing, leaves text: that is ready, and said.
        needed = [state for part, state in parts.items() if not part.startswith("speech")]
        is_ready = all(state == "ready" for state in needed)
        response = jsonify({"status": "ready" if is_ready else "not ready", "parts": parts})
        response.status_code = 200 if is_ready else 503
        return response

    @routes.get("/metrics")
    async def metrics_page() -> Response:
        return Response(generate_latest(metrics), content_type=CONTENT_TYPE_LATEST)

    return routes
