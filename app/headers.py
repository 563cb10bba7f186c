"""Headers of every answer: what the browser may load, who may frame us, what may be kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from flask import Flask, Response, g, request

from config.settings import Settings, Tenant

OWN_PAGES = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'{forms}; frame-ancestors {ancestors}"
)
# Plotly positions what it draws by style attributes; only scripts could do harm
DASH_PAGES = (
    "default-src 'none'; script-src 'self' {hashes}; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'self'; object-src 'none'; frame-ancestors {ancestors}"
)
ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
A_YEAR = "public, max-age=31536000, immutable"
DASH = "/c/"


def framed_by(tenant: Tenant) -> None:
    """Say whose EHR may frame the answer to the current request."""
    g.frame_ancestors = tenant.frame_ancestors


def framed_by_nobody() -> None:
    """Say that the answer to the current request is for a window of its own."""
    g.frame_ancestors = ()


def kept_by_browser(seconds: int) -> None:
    """Let this browser, and nothing between, keep the answer to the current request."""
    g.keeping = f"private, max-age={seconds}"


def form_to(origins: Iterable[str]) -> None:
    """Let a form on the answer to the current request be sent to these origins too."""
    g.form_origins = origins


def protect(server: Flask, settings: Settings, script_hashes: Sequence[str]) -> None:
    """Put the headers on every answer of `server`.

    `script_hashes` are those of Dash's inline scripts, taken after all callbacks are registered.
    """
    dash_pages = DASH_PAGES.replace("{hashes}", " ".join(script_hashes))
    everybody = sorted({origin for tenant in settings.tenants for origin in tenant.frame_ancestors})
    secure = settings.web.url.startswith("https:")

    @server.after_request
    def add_headers(response: Response) -> Response:
        policy = dash_pages if request.path.startswith(DASH) else OWN_PAGES
        # a page that knows no tenant has nothing to click: any registered EHR may show it
        ancestors = _sources(getattr(g, "frame_ancestors", everybody))
        response.headers.update(ALWAYS)
        forms = "".join(f" {origin}" for origin in getattr(g, "form_origins", ()))
        policy = policy.replace("{ancestors}", ancestors).replace("{forms}", forms)
        response.headers["Content-Security-Policy"] = policy
        response.headers["Cache-Control"] = _keeping(response)
        if secure:
            response.headers["Strict-Transport-Security"] = "max-age=31536000"
        return response


def _sources(origins: Iterable[str]) -> str:
    return " ".join(origins) or "'none'"


def _keeping(response: Response) -> str:
    """Files with their version in the address for a year, keys for minutes, nothing else at all."""
    versioned = request.path.startswith(("/static/", "/c/assets/")) and (
        "v" in request.args or "m" in request.args
    )
    if response.status_code in {200, 304} and versioned:
        return A_YEAR
    if request.path.startswith("/c/_dash-component-suites/"):
        return response.headers.get("Cache-Control", "no-cache")
    if request.path == "/.well-known/jwks.json":
        return "public, max-age=300"
    kept: str = g.get("keeping", "no-store")
    return kept
