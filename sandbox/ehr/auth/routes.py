"""The authorization server's addresses under ``/auth``."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from authlib.oauth2 import OAuth2Error
from flask import Blueprint, Response, redirect, render_template, request
from joserfc.jwk import RSAKey
from werkzeug.wrappers import Response as AnyResponse

from sandbox.ehr.auth.launches import Launch
from sandbox.ehr.auth.server import SmartServer
from sandbox.ehr.fhir.capability import smart_configuration
from sandbox.ehr.pages.charts import Charts
from sandbox.ehr.settings import CLINICIAN


class Authorization:
    """The endpoints, each answering with a Flask response."""

    def __init__(self, server: SmartServer, key: RSAKey, charts: Charts) -> None:
        self._server = server
        self._key = key
        self._charts = charts

    def authorize(self) -> AnyResponse:
        """GET or POST authorize. A launch from the chart goes through at once: no cookie is
        needed, since the launch id already says who opened which chart."""
        try:
            grant = self._server.get_consent_grant()
        except OAuth2Error as error:
            return self._refusal(error)
        scopes = grant.request.scope.split()
        if "launch/patient" in scopes and self._server.launch_of(grant.request) is None:
            return self._picker(grant.client.name)
        response: Response = self._server.create_authorization_response(
            grant.request, grant_user=CLINICIAN, grant=grant
        )
        return response

    def pick(self) -> AnyResponse:
        """POST pick: the patient chosen on our page goes into the request as a launch id."""
        values = {name: text for name, text in request.form.items() if name != "patient"}
        patient = request.form.get("patient", "")
        if not self._charts.has(patient):
            return Response("No such patient.", 400, content_type="text/plain")
        launch = Launch(CLINICIAN, patient, None, standalone=True)
        values["picked"] = self._server.launches.mint(launch)
        return redirect(f"{self._server.settings.issuer}/authorize?{urlencode(values)}", 303)

    def token(self) -> Response:
        """POST token."""
        return unstored(self._server.create_token_response())

    def revoke(self) -> Response:
        """POST revoke."""
        return unstored(self._server.create_endpoint_response("revocation"))

    def introspect(self) -> Response:
        """POST introspect."""
        return unstored(self._server.create_endpoint_response("introspection"))

    def jwks(self) -> Response:
        """GET jwks: the public keys of id_tokens."""
        body = json.dumps({"keys": [self._key.as_dict(private=False)]})
        headers = {"Cache-Control": "public, max-age=300"}
        return Response(body, headers=headers, content_type="application/json")

    def openid_configuration(self) -> Response:
        """GET .well-known/openid-configuration."""
        body = json.dumps(smart_configuration(self._server.settings))
        return Response(body, content_type="application/json")

    def _picker(self, app_name: str) -> AnyResponse:
        values = [pair for pair in request.values.items() if pair[0] != "picked"]
        page = render_template(
            "pick.html", app_name=app_name, values=values, people=self._charts.worklist()
        )
        return Response(page)

    def _refusal(self, error: Any) -> AnyResponse:
        if not error.redirect_uri:
            # Without a client and a redirect URI that are known there is nobody to send back to.
            page = render_template(
                "refused.html", code=error.error, reason=error.get_error_description()
            )
            return Response(page, 400)
        response: Response = self._server.handle_error_response(None, error)
        self._server.issuer_parameter.add_issuer_parameter(self._server, response)
        return response


def authorization_blueprint(endpoints: Authorization) -> Blueprint:
    """The routes under ``/auth``."""
    auth = Blueprint("auth", __name__, url_prefix="/auth")
    auth.route("/authorize", methods=["GET", "POST"])(endpoints.authorize)
    auth.post("/pick")(endpoints.pick)
    auth.post("/token")(endpoints.token)
    auth.post("/revoke")(endpoints.revoke)
    auth.post("/introspect")(endpoints.introspect)
    auth.get("/jwks")(endpoints.jwks)
    auth.get("/.well-known/openid-configuration")(endpoints.openid_configuration)
    return auth


def unstored(response: Response) -> Response:
    """Token answers are kept by nobody on the way."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["Pragma"] = "no-cache"
    return response
