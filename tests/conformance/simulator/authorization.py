"""The simulated authorization endpoint: strict about what SMART demands of a client."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from urllib.parse import urlencode

from tests.conformance.simulator.behaviour import Behaviour
from tests.conformance.simulator.recording import Sent
from tests.conformance.simulator.registrations import Registration
from tests.conformance.simulator.server import Answer, of_text


@dataclass(slots=True)
class Grant:
    """What a user authorized: carried by the code, then by the tokens."""

    client_id: str
    redirect_uri: str
    challenge: str
    nonce: str
    scopes: str
    patient: str
    encounter: str
    made: float
    used: bool = False
    spent: list[str] = field(default_factory=list)  # refresh tokens of this family, used up


@dataclass
class AuthorizationEndpoint:
    """Signs the user in without asking and sends the browser back with a code."""

    behaviour: Behaviour
    clients: dict[str, Registration]
    base: str
    codes: dict[str, Grant] = field(default_factory=dict)

    def answer(self, sent: Sent) -> Answer:
        """A redirect with a code or an error; a page where the redirect cannot be trusted."""
        if sent.method == "POST" and not self.behaviour.post_authorize:
            return of_text("GET only", 405)
        asked = sent.asked
        client = self.clients.get(asked.get("client_id", ""))
        if client is None or asked.get("redirect_uri") not in client.redirect_uris:
            return of_text("unknown client or redirect_uri", 400)
        error = self.behaviour.refuse or self._wrong(asked)
        return self._back(asked, {"error": error} if error else {"code": self._code(asked)})

    def _wrong(self, asked: dict[str, str]) -> str:
        wanted = self.behaviour.aud or self.base
        if self.behaviour.require_aud and asked.get("aud") != wanted:
            return "invalid_request"
        if asked.get("response_type") != "code":
            return "unsupported_response_type"
        if asked.get("code_challenge_method") != "S256" or len(asked["code_challenge"]) != 43:
            return "invalid_request"
        return "" if asked.get("scope") and asked.get("state") else "invalid_request"

    def _code(self, asked: dict[str, str]) -> str:
        code = f"code-{secrets.token_urlsafe(12)}"
        self.codes[code] = Grant(
            client_id=asked["client_id"],
            redirect_uri=asked["redirect_uri"],
            challenge=asked["code_challenge"],
            nonce=asked.get("nonce", ""),
            scopes=asked["scope"] if self.behaviour.granted is None else self.behaviour.granted,
            patient=self.behaviour.patient,
            encounter=self.behaviour.encounter,
            made=time.monotonic(),
        )
        return code

    def _back(self, asked: dict[str, str], outcome: dict[str, str]) -> Answer:
        if "error" in outcome:
            outcome["error_description"] = self.behaviour.refuse_words
        if "code" in outcome or self.behaviour.refuse_with_state:
            outcome["state"] = asked["state"]
        if self.behaviour.answer_issuer is not None:
            outcome["iss"] = self.behaviour.answer_issuer
        return Answer(302, headers={"Location": f"{asked['redirect_uri']}?{urlencode(outcome)}"})
