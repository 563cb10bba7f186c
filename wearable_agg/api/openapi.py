"""The API's document (OpenAPI 3.1), made from the declared routes and the types they answer.

`python -m wearable_agg.api.openapi FILE` writes it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from inspect import cleandoc
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter

from wearable_agg.api.operations import ROUTES
from wearable_agg.api.parameters import LONGEST_KEY, SHORTEST_KEY, adapter
from wearable_agg.api.problems import MEDIA_TYPE, Kind, ProblemDetails
from wearable_agg.api.routes import BY_ASSERTION, BY_DEVICE, PREFIX, SCOPES, Parameter, Route

Json = dict[str, Any]

DOCUMENT, PAGE = f"{PREFIX}/openapi.json", f"{PREFIX}/docs"
_IN_COMPONENTS = "#/components/schemas/{model}"
_ABOUT = """\
What Wristchart's aggregation backend knows of a patient: linked wearables, days, heart rate, rhythm
and findings. The patient is the one the request's assertion names; no address holds a patient.

- Each request carries an assertion that is good for a minute, with the scopes its user has; a
  patient's device carries its own token, and may push, and nothing else.
- Errors are problems (RFC 9457); programs tell them apart by `type`, which never changes.
- Reads have an ETag: ask again with `If-None-Match` and an unchanged answer is 304.
- Each POST carries an `Idempotency-Key`. For 30 days the same key with the same body is answered as
  the first time and nothing is done again; with another body it is refused.
- Lists come in pages: `next` is the `cursor` of the following one, null at the end.
- What the patient does not share is refused (`no-consent`) or left out and named (`withheld`).
"""
_ETAG = {"description": "Names this state of the answer.", "schema": {"type": "string"}}
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "Chosen by the caller, one for each act.",
    "schema": {"type": "string", "minLength": SHORTEST_KEY, "maxLength": LONGEST_KEY},
}

_DEVICE = {
    "type": "http",
    "scheme": "bearer",
    "description": "The token that a patient was shown for this device, once.",
}
_OWN_KEY = _KEY | {
    "required": False,
    "description": "One for each push; without it the same body counts as the same push.",
}


def document(routes: Sequence[Route] = ROUTES) -> Json:
    """Return the OpenAPI document of these routes."""
    references, schemas = _schemas(routes)
    paths: dict[str, Json] = {}
    for route in routes:
        operations = paths.setdefault(PREFIX + route.path, {})
        operations[route.method.lower()] = _operation(route, references)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Wristchart aggregation backend",
            "version": version("wristchart"),
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": {**paths, **_own_paths()},
        "components": {
            "schemas": schemas,
            "securitySchemes": {BY_ASSERTION: _security(), BY_DEVICE: _DEVICE},
        },
    }


def _schemas(routes: Sequence[Route]) -> tuple[dict[tuple[Any, str], Json], Json]:
    """Return where each type's schema stands, and the schemas by name."""
    kinds: list[tuple[Any, Literal["validation", "serialization"], TypeAdapter[Any]]] = [
        (ProblemDetails, "serialization", adapter(ProblemDetails))
    ]
    for route in routes:
        kinds.append((route.answer, "serialization", adapter(route.answer)))
        if route.body is not None:
            kinds.append((route.body, "validation", adapter(route.body)))
    references, shared = TypeAdapter.json_schemas(kinds, ref_template=_IN_COMPONENTS)
    return dict(references), _plain(shared["$defs"])


def _plain(node: Any) -> Any:
    """Leave out the titles that only repeat the names of fields."""
    if isinstance(node, dict):
        return {
            name: _plain(inner)
            for name, inner in node.items()
            if not (name == "title" and isinstance(inner, str))
        }
    return [_plain(inner) for inner in node] if isinstance(node, list) else node


def _operation(route: Route, references: dict[tuple[Any, str], Json]) -> Json:
    operation: Json = {
        "operationId": route.name,
        "summary": route.summary,
        "description": cleandoc(route.handler.__doc__ or ""),
        "security": [{route.credential: [route.scope] if route.scope else []}],
        "parameters": [_parameter(one) for one in route.parameters],
        "responses": dict(_responses(route, references)),
    }
    if route.body is not None:
        schema = references[(route.body, "validation")]
        operation["parameters"].append(_KEY if route.credential == BY_ASSERTION else _OWN_KEY)
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": schema}},
        }
    return operation


def _parameter(one: Parameter) -> Json:
    return {
        "name": one.name,
        "in": one.where,
        "required": one.where == "path" or one.default is None,
        "description": one.description,
        "schema": dict(one.schema),
    }


def _responses(route: Route, references: dict[tuple[Any, str], Json]) -> Iterator[tuple[str, Json]]:
    answer: Json = {
        "description": route.summary,
        "content": {route.media_type: {"schema": references[(route.answer, "serialization")]}},
    }
    if route.method == "GET":
        answer["headers"] = {"ETag": _ETAG}
    yield str(route.status), answer
    if route.method == "GET":
        yield "304", {"description": "Unchanged since the ETag given.", "headers": {"ETag": _ETAG}}
    for status in sorted({kind.status for kind in route.every_problem}):
        kinds = [kind for kind in route.every_problem if kind.status == status]
        yield str(status), _problem(kinds)


def _problem(kinds: Sequence[Kind]) -> Json:
    types = {"properties": {"type": {"enum": [kind.type for kind in kinds]}}}
    details = {"$ref": _IN_COMPONENTS.format(model=ProblemDetails.__name__)}
    return {
        "description": ", or ".join(kind.title for kind in kinds),
        "content": {MEDIA_TYPE: {"schema": {"allOf": [details, types]}}},
    }


def _own_paths() -> Json:
    return {
        DOCUMENT: {"get": _public("document", "This document", "application/json", "object")},
        PAGE: {"get": _public("documentation", "The same to read", "text/html", "string")},
    }


def _public(name: str, summary: str, media_type: str, kind: str) -> Json:
    content = {media_type: {"schema": {"type": kind}}}
    return {
        "operationId": name,
        "summary": summary,
        "security": [],
        "responses": {"200": {"description": summary, "content": content}},
    }


def _security() -> Json:
    scopes = "\n".join(f"- `{name}`: {meaning}" for name, meaning in SCOPES.items())
    return {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": f"A signed assertion of who asks for which patient.\n\n{scopes}",
    }


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(document(), indent=1) + "\n", "utf-8")
