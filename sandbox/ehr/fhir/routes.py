"""The FHIR REST interface under ``/fhir``."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from email.utils import format_datetime
from typing import Any

from flask import Blueprint, Flask, Response, current_app, request
from werkzeug.exceptions import HTTPException

from sandbox.ehr.auth.tokens import Tokens
from sandbox.ehr.database import Database
from sandbox.ehr.faults import Faults
from sandbox.ehr.fhir.access import Bearer
from sandbox.ehr.fhir.bundles import Bundles
from sandbox.ehr.fhir.capability import capability_statement, smart_configuration
from sandbox.ehr.fhir.problems import (
    FhirProblem,
    Malformed,
    Missing,
    NotAcceptable,
    NotFound,
    NoToken,
    NotSupported,
    Stale,
    Unauthenticated,
    WrongContentType,
    WrongMethod,
    outcome,
)
from sandbox.ehr.fhir.reading import Reader, known
from sandbox.ehr.fhir.store import Stored
from sandbox.ehr.fhir.validation import check_references, check_structure
from sandbox.ehr.fhir.writing import Preconditions, Written, create, delete, existing, update
from sandbox.ehr.personality import IGNORED, RACY
from sandbox.ehr.settings import Settings

FHIR_JSON = "application/fhir+json"
JSON_TYPES = ("application/fhir+json", "application/json", "application/*", "*/*", "json", "")


class FhirServer:
    """The interactions, each answering with a Flask response."""

    def __init__(self, settings: Settings, database: Database, tokens: Tokens) -> None:
        self._settings = settings
        self._database = database
        self._tokens = tokens
        self._reader = Reader(database, settings.fhir_base)
        self._like = settings.personality
        self._capability = json.dumps(capability_statement(settings))

    def capability(self) -> Response:
        """GET metadata: open to all."""
        return answer(self._capability)

    def configuration(self) -> Response:
        """GET .well-known/smart-configuration: open to all."""
        body = json.dumps(smart_configuration(self._settings))
        return Response(body, content_type="application/json")

    def read(self, type_: str, id_: str) -> Response:
        """GET Type/id."""
        return resource_answer(self._reader.read(self._bearer(), type_, id_))

    def read_version(self, type_: str, id_: str, version: str) -> Response:
        """GET Type/id/_history/version."""
        return resource_answer(self._reader.read_version(self._bearer(), type_, id_, version))

    def history(self, type_: str, id_: str) -> Response:
        """GET Type/id/_history."""
        return answer(self._reader.history(self._bearer(), type_, id_))

    def search(self, type_: str) -> Response:
        """GET Type?parameters, or POST Type/_search."""
        values = request.values if request.method == "POST" else request.args
        strict = "handling=strict" in preferences()
        now = self._settings.clock()
        pairs = list(values.items(multi=True))
        return answer(self._reader.search(self._bearer(), type_, pairs, strict=strict, now=now))

    def create(self, type_: str) -> Response:
        """POST Type, with If-None-Exist atomic against every other write."""
        bearer, resource = self._bearer(), self._resource(type_)
        if not self._like.keeps_identifiers:
            resource.pop("identifier", None)
        conditions = Preconditions() if self._like.condition == IGNORED else preconditions()
        if self._like.condition == RACY:
            found = existing(self._database.read(), bearer, type_, conditions)
            if found:
                return self._written(Written(200, found))
            conditions = Preconditions()
            time.sleep(self._like.window_seconds)
        with self._database.write() as connection:
            found = existing(connection, bearer, type_, conditions)
            if found:
                return self._written(Written(200, found))
            written = create(connection, bearer, resource, self._settings.clock())
            check_references(connection, resource, self._settings.fhir_base)
        return self._written(written)

    def update(self, type_: str, id_: str) -> Response:
        """PUT Type/id, creating what is not there."""
        bearer, resource = self._bearer(), self._resource(type_)
        now = self._settings.clock()
        with self._database.write() as connection:
            written = update(
                connection,
                bearer,
                id_,
                resource,
                preconditions(),
                now,
                creates=self._like.puts_create,
            )
            check_references(connection, resource, self._settings.fhir_base)
        return self._written(written)

    def delete(self, type_: str, id_: str) -> Response:
        """DELETE Type/id."""
        known(type_)
        bearer, now = self._bearer(), self._settings.clock()
        with self._database.write() as connection:
            gone = delete(connection, bearer, type_, id_, preconditions(), now)
        return answer("", 204, {"ETag": gone.etag} if gone else {})

    def bundle(self) -> Response:
        """POST a batch or transaction."""
        now = self._settings.clock()
        bundles = Bundles(self._database, self._reader, self._bearer(), now, self._like)
        return answer(json.dumps(bundles.process(json_body())))

    def refuse_by_nature(self) -> None:
        """Raise what this EHR answers to types that it does not serve or does not take."""
        type_ = (request.view_args or {}).get("type_")
        if type_ in self._like.unknown:
            raise NotSupported(f"This server has no resource type {type_!r}.")
        if type_ and is_write() and not self._like.writes(type_):
            raise WrongMethod(f"{type_} is read only here.")

    def expire_token(self) -> None:
        """End the life of the access token that came with the request."""
        _, _, text = request.headers.get("Authorization", "").partition(" ")
        if token := self._tokens.find(text.strip(), "access"):
            self._tokens.revoke(token)

    def problem(self, problem: FhirProblem) -> Response:
        """The OperationOutcome of a refused interaction, with the status this EHR gives it."""
        if isinstance(problem, Stale):
            return problem_answer(problem, self._like.stale_status)
        if isinstance(problem, Missing):
            return problem_answer(problem, self._like.missing_status)
        return problem_answer(problem)

    def _bearer(self) -> Bearer:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise NoToken("An access token is needed.")
        bearer = self._tokens.bearer(token.strip(), self._settings.fhir_base)
        if bearer is None:
            raise Unauthenticated("The access token is unknown, expired or revoked.")
        return bearer

    def _resource(self, type_: str) -> dict[str, Any]:
        known(type_)
        resource = json_body()
        if resource.get("resourceType") != type_:
            raise Malformed(f"A {type_} is expected here, not {resource.get('resourceType')!r}.")
        check_structure(resource)
        return resource

    def _written(self, written: Written) -> Response:
        stored = written.stored
        location = f"{self._settings.fhir_base}/{stored.reference}/_history/{stored.version}"
        body = "" if "return=minimal" in preferences() else stored.body
        headers = version_headers(stored) | {"Location": location}
        return answer(body, written.status, headers)


def fhir_blueprint(server: FhirServer, faults: Faults) -> Blueprint:
    """Routes, faults and the translation of problems into OperationOutcomes."""
    fhir = Blueprint("fhir", __name__, url_prefix="/fhir")
    fhir.before_request(faults.before_request)
    fhir.before_request(negotiate)
    fhir.before_request(server.refuse_by_nature)
    fhir.before_request(lambda: strike(server, faults) if is_write() else None)
    fhir.get("/metadata")(server.capability)
    fhir.get("/.well-known/smart-configuration")(server.configuration)
    fhir.post("/", strict_slashes=False)(server.bundle)
    fhir.get("/<type_>")(server.search)
    fhir.post("/<type_>/_search", endpoint="search_by_post")(server.search)
    fhir.post("/<type_>")(server.create)
    fhir.get("/<type_>/<id_>")(server.read)
    fhir.put("/<type_>/<id_>")(server.update)
    fhir.delete("/<type_>/<id_>")(server.delete)
    fhir.get("/<type_>/<id_>/_history")(server.history)
    fhir.get("/<type_>/<id_>/_history/<version>")(server.read_version)
    fhir.errorhandler(FhirProblem)(server.problem)
    fhir.errorhandler(HTTPException)(http_answer)
    fhir.errorhandler(Exception)(failure_answer)

    @fhir.after_request
    def lose_reply(response: Response) -> Response:
        written = is_write() and response.status_code < 300
        lost = written and faults.strikes("lose_replies")
        return Response("Gateway Time-out", 504) if lost else response

    return fhir


def strike(server: FhirServer, faults: Faults) -> Response | None:
    """Let the faults that are switched on befall a write; an answer here ends it."""
    faults.before_write()
    if faults.strikes("expire_tokens"):
        server.expire_token()
    if faults.strikes("failures"):
        return answer(json.dumps(outcome("fatal", "exception", "The server failed.")), 500)
    if faults.strikes("errors_in_200"):
        return answer(json.dumps(outcome("error", "processing", "It could not be stored.")))
    if faults.strikes("html_in_200"):
        return Response("<html><body>Please sign in</body></html>", 200, mimetype="text/html")
    return None


def is_write() -> bool:
    """Whether the request at hand may change something."""
    return request.method != "GET" and not request.path.endswith("/_search")


def catch_unknown_addresses(app: Flask, page: Callable[[], str]) -> None:
    """Answer what no route takes: with an OperationOutcome below /fhir, else with a page."""

    def unknown(error: HTTPException) -> Response | HTTPException | tuple[str, int]:
        if not request.path.startswith("/fhir"):
            return (page(), 404) if error.code == 404 else error
        kind = WrongMethod if error.code == 405 else NotFound
        return problem_answer(kind(f"{request.method} {request.path} is not an interaction here."))

    app.register_error_handler(404, unknown)
    app.register_error_handler(405, unknown)


def negotiate() -> None:
    """Raise NotAcceptable unless the client takes JSON."""
    wanted = request.args.get("_format") or request.headers.get("Accept", "")
    names = [part.partition(";")[0].strip() for part in wanted.replace(" ", "+").split(",")]
    if not set(names) & set(JSON_TYPES):
        raise NotAcceptable(f"Only {FHIR_JSON} is spoken here, not {wanted}.")


def json_body() -> dict[str, Any]:
    """The request's JSON object; raises WrongContentType or Malformed."""
    if request.mimetype not in ("application/fhir+json", "application/json"):
        raise WrongContentType(f"The body has to be {FHIR_JSON}.")
    try:
        body = json.loads(request.get_data(), parse_constant=_refuse_constant)
    except ValueError as error:
        raise Malformed(f"The body is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise Malformed("The body is not a JSON object.")
    return body


def preconditions() -> Preconditions:
    """The request's conditional headers."""
    headers = request.headers
    return Preconditions(
        headers.get("If-Match"), headers.get("If-None-Match"), headers.get("If-None-Exist")
    )


def preferences() -> list[str]:
    """The tokens of the Prefer header."""
    text = request.headers.get("Prefer", "").replace(";", ",")
    return [part.strip() for part in text.split(",")]


def answer(body: str, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A FHIR JSON response that nobody caches."""
    content_type = f"{FHIR_JSON}; charset=utf-8"
    response = Response(body, status, headers, content_type=content_type)
    response.headers["Cache-Control"] = "no-store"
    return response


def resource_answer(stored: Stored) -> Response:
    """One version of a resource with its version headers."""
    return answer(stored.body, 200, version_headers(stored))


def version_headers(stored: Stored) -> dict[str, str]:
    """ETag and Last-Modified."""
    return {"ETag": stored.etag, "Last-Modified": format_datetime(stored.updated, usegmt=True)}


def problem_answer(problem: FhirProblem, status: int | None = None) -> Response:
    """The OperationOutcome of a refused interaction."""
    body = json.dumps(outcome("error", problem.code, problem.diagnostics))
    return answer(body, status or problem.status, problem.headers())


def http_answer(error: HTTPException) -> Response:
    """The OperationOutcome of what the web framework refused."""
    body = json.dumps(outcome("error", "processing", error.description or error.name))
    return answer(body, error.code or 500)


def failure_answer(error: Exception) -> Response:
    """The process edge: an unforeseen failure is logged and answered like a server's bug."""
    current_app.logger.error("interaction failed", exc_info=error)
    return answer(json.dumps(outcome("fatal", "exception", "The server failed.")), 500)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
