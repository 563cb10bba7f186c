"""The API's document and the page that shows it, both open to all: they hold nothing of anybody."""

from __future__ import annotations

from functools import cache
from typing import Any

from flask import Blueprint, Response, make_response, render_template, url_for

from safeguards.strict_json import dumps
from wearable_agg.api.problems import KINDS
from wearable_agg.api.routes import PREFIX, SCOPES

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def docs_blueprint() -> Blueprint:
    """Return the routes of the document and its page."""
    blueprint = Blueprint("docs", __name__, url_prefix=PREFIX, template_folder="templates")
    blueprint.get("/openapi.json")(_document_route)
    blueprint.get("/docs")(_page)
    blueprint.after_request(_harden)
    return blueprint


def _document_route() -> Response:
    return Response(dumps(_document()), mimetype="application/json")


def _page() -> Response:
    shown = _document()
    page = render_template(
        "docs.html",
        document=shown,
        scopes=SCOPES,
        problems=KINDS,
        type_of=_type_of,
        document_url=url_for("docs._document_route"),
    )
    return make_response(page)


def _harden(answer: Response) -> Response:
    answer.headers.update(_HEADERS)
    answer.headers["Cache-Control"] = "public, max-age=300"
    return answer


@cache
def _document() -> dict[str, Any]:
    # made when first asked for: a role that nobody asks starts faster without
    from wearable_agg.api.openapi import document

    return document()


def _type_of(schema: dict[str, Any]) -> str:
    """Say in a few words what a schema takes."""
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    if "anyOf" in schema:
        return " or ".join(map(_type_of, schema["anyOf"]))
    if "allOf" in schema:
        return _type_of(schema["allOf"][0])
    if schema.get("type") == "array" and "items" in schema:
        return f"array of {_type_of(schema['items'])}"
    return str(schema.get("format") or schema.get("type") or "anything")
