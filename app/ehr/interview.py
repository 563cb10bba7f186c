"""What `wristchart ehr add` asks, in the order in which somebody can answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from app.ehr.asking import (
    a_name,
    a_short_name,
    a_timezone,
    agree,
    an_issuer,
    ask,
    one_of,
    origins,
    perhaps,
    short_name,
    split,
)
from app.ehr.discovered import Discovered, discover
from app.ehr.proposals import backend_proposal, launch_proposal
from app.ehr.showing import show_discovered, show_values
from config.origins import is_loopback, origin
from config.settings import CLIENT_TYPES, Settings, Tenant
from config.start_checks import secret_faults
from config.tenant_checks import tenant_faults
from safeguards.egress import Egress
from smart.errors import EhrError
from smart.keys import ClientKeys
from smart.scopes import BadScope, check

METHODS = {
    "private_key_jwt": "asymmetric",
    "client_secret_basic": "symmetric",
    "none": "public",
}
NOT_YET = "not yet known"


@dataclass(frozen=True, slots=True)
class Interview:
    """Asks for one tenant; what is in `given` (options by name) is not asked for."""

    settings: Settings
    keys: ClientKeys
    given: Mapping[str, Any]

    def tenant(self) -> Tenant:
        """The whole entry. Raises click.ClickException, having written nothing."""
        draft = self._draft()
        found = self._discover(draft)
        show_discovered(found)
        draft = replace(draft, endpoint_origins=self._endpoint_origins(found))
        draft = replace(
            draft,
            client_type=self._client_type(found),
            scopes=self._scopes("scopes", launch_proposal(found)),
            standalone="launch-standalone" in found.words("capabilities"),
            own_callback=bool(self.settings.tenants) and not _names_itself(found),
        )
        backend = self._scopes("backend_scopes", backend_proposal(found))
        kids = [key["kid"] for key in self.keys.public_jwks()["keys"]]
        show_values(draft, backend, self.settings.web.url, kids)
        return self._registered(draft, backend)

    def _draft(self) -> Tenant:
        given = self.given
        issuer = ask(given["issuer"], "--issuer", "FHIR base URL of the EHR", self._new_issuer)
        name = ask(given["name"], "--name", "Name of the hospital", a_name)
        proposed = short_name(name)
        return Tenant(
            id=ask(given["id"], "--id", "Short name of it", self._new_id, default=proposed),
            name=name,
            issuer=issuer,
            timezone=ask(given["timezone"], "--timezone", "Time zone", a_timezone),
            client_id=NOT_YET,
            scopes=(),
            frame_ancestors=(),
            backend_client_id="",
            backend_scopes=(),
            allowed_networks=tuple(given["allowed_network"]),
            ca_bundle=str(Path(given["ca_bundle"]).resolve()) if given["ca_bundle"] else "",
            proxy=given["proxy"] or "",
            allow_http=issuer.startswith("http:") and is_loopback(issuer),
        )

    def _new_issuer(self, text: str) -> str:
        issuer = an_issuer(text)
        for tenant in self.settings.tenants:
            if tenant.issuer.rstrip("/") == issuer.rstrip("/"):
                raise click.BadParameter(f"it is registered as {tenant.id!r}: change that entry")
        return issuer

    def _new_id(self, text: str) -> str:
        name = a_short_name(text)
        if any(tenant.id == name for tenant in self.settings.tenants):
            raise click.BadParameter(f"there is a tenant {name!r}: choose another id")
        return name

    def _discover(self, draft: Tenant) -> Discovered:
        refuse(tenant_faults(draft))
        try:
            return discover(draft.issuer, Egress.to_ehr(draft))
        except EhrError as error:
            raise click.ClickException(
                f"nothing was written: {error}\nIs {draft.issuer} the FHIR base URL? In a private "
                "network give --allowed-network, for the hospital's own certificates --ca-bundle, "
                "behind a proxy --proxy."
            ) from error

    def _endpoint_origins(self, found: Discovered) -> tuple[str, ...]:
        for other in found.foreign_origins:
            if not (other.startswith("https:") or is_loopback(other)):
                refuse([f"an endpoint is at {other}, without TLS: tell the EHR's vendor"])
            if not agree(self.given["yes"], f"Its endpoints are also at {other}. Allow that?"):
                refuse([f"the EHR cannot be used without {other}"])
        return found.foreign_origins

    def _client_type(self, found: Discovered) -> str:
        return ask(
            self.given["client_type"],
            "--client-type",
            f"Client type ({', '.join(CLIENT_TYPES)})",
            one_of(CLIENT_TYPES),
            default=_usual_type(found),
        )

    def _scopes(self, name: str, proposed: tuple[str, ...]) -> tuple[str, ...]:
        given = self.given[name]
        chosen = proposed if given is None else split(given)
        try:
            check(chosen)
        except BadScope as error:
            refuse([str(error)])
        return chosen

    def _registered(self, draft: Tenant, backend: tuple[str, ...]) -> Tenant:
        """With what is known once the app is registered at the EHR."""
        client = ask(self.given["client_id"], "--client-id", "Client id from the EHR", a_name)
        secret = self._secret() if draft.client_type == "symmetric" else ""
        other = self._backend_client() if backend else ""
        return replace(
            draft,
            client_id=client,
            client_secret=secret,
            frame_ancestors=self._ancestors(draft),
            backend_client_id=other,
            backend_scopes=backend if other else (),
        )

    def _secret(self) -> str:
        file = self.given["client_secret_file"]
        text = file.read_text("utf-8").strip() if file else None
        return ask(text, "--client-secret-file", "Client secret", _good_secret, hidden=True)

    def _backend_client(self) -> str:
        return ask(
            self.given["backend_client_id"],
            "--backend-client-id",
            "Client id for Backend Services (empty: nothing is written to the chart)",
            perhaps,
            default="",
        )

    def _ancestors(self, draft: Tenant) -> tuple[str, ...]:
        answer = ask(
            self.given["frame_ancestors"],
            "--frame-ancestors",
            "Origins of the EHR's pages that frame the app",
            origins,
            default=origin(draft.issuer),
        )
        return split(answer)


def refuse(faults: Iterable[str]) -> None:
    """Raise click.ClickException with all faults, if there are any."""
    found = list(faults)
    if found:
        raise click.ClickException("nothing was written:\n" + "\n".join(f"  - {f}" for f in found))


def _good_secret(text: str) -> str:
    secret = a_name(text)
    for fault in secret_faults("the client secret", secret, "copy the one the EHR gave"):
        raise click.BadParameter(fault)
    return secret


def _usual_type(found: Discovered) -> str:
    methods = found.words("token_endpoint_auth_methods_supported")
    return next((kind for name, kind in METHODS.items() if name in methods), CLIENT_TYPES[0])


def _names_itself(found: Discovered) -> bool:
    return found.document.get("authorization_response_iss_parameter_supported") is True
