"""Making the API's Flask application."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Flask, Response
from sqlalchemy import Engine

from config.settings import Settings
from safeguards.assertions import Signer, Verifier
from safeguards.vault import Vault
from wearable_agg.api.backend import Backend
from wearable_agg.api.dispatch import routes_blueprint
from wearable_agg.api.docs import docs_blueprint
from wearable_agg.api.linking import linking_blueprint
from wearable_agg.api.operations import ROUTES
from wearable_agg.api.problems import register_problems
from wearable_agg.api.webhooks import MOST_BYTES, webhooks_blueprint
from wearable_agg.intake.sites import vendor_sites
from wearable_agg.people.devices import DeviceTokens
from wearable_agg.vendors.protocol import Vendor


def create_api(settings: Settings, engine: Engine, vendors: Mapping[str, Vendor]) -> Flask:
    """Return the API over a migrated database; keys are those of the site."""
    vault = Vault.open(settings.keys)
    backend = Backend(
        settings=settings,
        engine=engine,
        vault=vault,
        signer=Signer.open(settings.keys),
        verifier=Verifier.open(settings.keys),
        sites=vendor_sites(settings, engine, vault, vendors),
        devices=DeviceTokens.open(settings.keys),
    )
    app = Flask(__name__, static_folder=None, template_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MOST_BYTES
    register_problems(app)
    app.register_blueprint(routes_blueprint(backend, ROUTES))
    app.register_blueprint(docs_blueprint())
    app.register_blueprint(linking_blueprint(backend))
    app.register_blueprint(webhooks_blueprint(backend))
    app.get("/healthz")(_health)
    return app


def _health() -> Response:
    return Response("ok", mimetype="text/plain")
