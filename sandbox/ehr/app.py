"""Puts the demo EHR together."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from flask import Flask

from sandbox.ehr.auth.keys import signing_key
from sandbox.ehr.auth.routes import Authorization, authorization_blueprint
from sandbox.ehr.auth.server import SmartServer
from sandbox.ehr.auth.tokens import Tokens
from sandbox.ehr.database import Database
from sandbox.ehr.faults import Faults
from sandbox.ehr.fhir.routes import FhirServer, catch_unknown_addresses, fhir_blueprint
from sandbox.ehr.pages.charts import Charts
from sandbox.ehr.pages.routes import (
    Controls,
    Pages,
    controls_blueprint,
    not_found,
    pages_blueprint,
)
from sandbox.ehr.people.seed import seed
from sandbox.ehr.personality import PERSONALITIES
from sandbox.ehr.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

LARGEST_BODY = 5_000_000
ALIKE = "/as/"


def create_app(settings: Settings) -> Flask:
    """The whole EHR as one WSGI application; fills an empty data folder first."""
    settings.data.mkdir(parents=True, exist_ok=True)
    database = Database(settings.data / "ehr.db")
    seed(database, settings.clock)
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    tokens, key, faults = Tokens(database, settings.clock), signing_key(settings.data), Faults()
    charts = Charts(database, settings.clock)
    server = SmartServer(app, settings, database, tokens, key)
    fhir = FhirServer(settings, database, tokens)
    pages = Pages(settings, charts, server.launches)
    controls = Controls(database, faults, charts, server.launches)
    app.register_blueprint(pages_blueprint(pages, settings))
    app.register_blueprint(authorization_blueprint(Authorization(server, key, charts)))
    app.register_blueprint(fhir_blueprint(fhir, faults))
    app.register_blueprint(controls_blueprint(controls))
    catch_unknown_addresses(app, not_found)
    return app


class Hospitals:
    """The EHR, and beneath ``/as/<personality>/`` one more of each kind, made when first asked.

    Each has its own charts and addresses: ``/as/racy/fhir`` is the FHIR base of the racy one.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._main: WSGIApplication = create_app(settings).wsgi_app
        self._others: dict[str, WSGIApplication] = {}
        self._lock = threading.Lock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request (WSGI)."""
        path = environ.get("PATH_INFO", "")
        name, slash, rest = path.removeprefix(ALIKE).partition("/")
        if not path.startswith(ALIKE) or name not in PERSONALITIES:
            return self._main(environ, start_response)
        environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + ALIKE + name
        environ["PATH_INFO"] = slash + rest
        return self._like(name)(environ, start_response)

    def _like(self, name: str) -> WSGIApplication:
        with self._lock:
            if name not in self._others:
                settings = replace(
                    self._settings,
                    url=self._settings.url + ALIKE + name,
                    data=self._settings.data / "as" / name,
                    personality=PERSONALITIES[name],
                )
                self._others[name] = create_app(settings).wsgi_app
            return self._others[name]
