"""Puts the demo EHR together."""

from __future__ import annotations

from flask import Flask

from sandbox.ehr.auth.keys import signing_key
from sandbox.ehr.auth.routes import Authorization, authorization_blueprint
from sandbox.ehr.auth.server import SmartServer
from sandbox.ehr.auth.tokens import Tokens
from sandbox.ehr.database import Database
from sandbox.ehr.faults import Faults
from sandbox.ehr.fhir.routes import FhirServer, catch_unknown_addresses, fhir_blueprint
from sandbox.ehr.pages.charts import Charts
from sandbox.ehr.pages.routes import Controls, Pages, controls_blueprint, pages_blueprint
from sandbox.ehr.people.seed import seed
from sandbox.ehr.settings import Settings

LARGEST_BODY = 5_000_000


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
    catch_unknown_addresses(app)
    return app
