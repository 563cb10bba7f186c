"""The demo's site: addresses, registrations and settings, written out as a site would have them."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from pathlib import Path

from safeguards.files import read_or_create

LAST_FIRST_PORT = 65_535 - 12
RATE_SCALE = 60.0
"""A minute of a vendor's limits is a second of its simulator's: a year comes in within seconds."""
TENANT = "sandbox"
APP_CLIENT = "wristchart"
DELIVERY_CLIENT = "wristchart-delivery"
APP_SCOPES = (
    "launch openid fhirUser offline_access patient/Patient.rs patient/MedicationRequest.rs "
    "patient/Medication.rs patient/MedicationStatement.rs "
    "patient/MedicationDispense.rs patient/MedicationAdministration.rs patient/Condition.rs "
    "patient/AllergyIntolerance.rs patient/Encounter.rs"
)
DELIVERY_SCOPES = (
    "system/Patient.rs system/Flag.crus system/Observation.crus system/Device.crus "
    "system/Provenance.crus system/Communication.crus system/DocumentReference.crus "
    "system/Condition.rs"
)
ENDPOINTS = {
    "google_health": {
        "authorize_url": "o/oauth2/v2/auth",
        "token_url": "token",
        "revoke_url": "revoke",
        "keyset_url": "keyset.json",
    },
    "withings": {
        "authorize_url": "oauth2_user/authorize2",
        "token_url": "v2/oauth2",
        "revoke_url": "v2/oauth2",
    },
}
"""Of the vendors' simulators, beneath the address of each."""


@dataclass(frozen=True, slots=True)
class Site:
    """Where the demo keeps its data and listens: ports from `first_port` on."""

    data: Path
    first_port: int

    @property
    def ehr_url(self) -> str:
        """The EHR is on another site than the app, so that the frame is really cross-site."""
        return f"http://localhost:{self.first_port}"

    @property
    def vendors_url(self) -> str:
        """The wearable vendors' simulators."""
        return f"http://127.0.0.1:{self.first_port + 1}"

    @property
    def web_url(self) -> str:
        """The app that the EHR frames."""
        return f"http://127.0.0.1:{self.first_port + 10}"

    @property
    def api_url(self) -> str:
        """The aggregation backend."""
        return f"http://127.0.0.1:{self.first_port + 11}"

    @property
    def gateway_url(self) -> str:
        """Where ECG is streamed to."""
        return f"ws://127.0.0.1:{self.first_port + 12}"

    @property
    def config(self) -> Path:
        """The settings file that all roles read."""
        return self.data / "wristchart.toml"

    @property
    def clients(self) -> Path:
        """What the EHR knows of the apps registered with it."""
        return self.data / "ehr-clients.json"

    @property
    def apps(self) -> Path:
        """What the vendors know of the apps registered with them."""
        return self.data / "vendor-apps.json"

    @property
    def ports(self) -> dict[str, int]:
        """Every port the demo needs, by what listens there."""
        first = self.first_port
        return {
            "EHR": first,
            "vendors": first + 1,
            "web": first + 10,
            "api": first + 11,
            "gateway": first + 12,
        }


def write(site: Site) -> None:
    """Write the settings and both registrations; secrets stay the same from start to start."""
    site.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    secret = read_or_create(site.data / "keys" / "demo-secret", _secret).decode()
    _write_private(site.config, _settings(site, secret))
    _write_private(site.clients, json.dumps(_clients(site), indent=2))
    _write_private(site.apps, json.dumps(_apps(site, secret), indent=2))


def _secret() -> bytes:
    return secrets.token_urlsafe(32).encode()


def _write_private(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text, "utf-8")


def _settings(site: Site, secret: str) -> str:
    scopes = json.dumps(APP_SCOPES.split())
    backend_scopes = json.dumps(DELIVERY_SCOPES.split())
    return f"""\
data = "."
engine_interval_seconds = 0.2
delivery_interval_seconds = 0.5

{_listen("web", site.first_port + 10, site.web_url)}
{_listen("api", site.first_port + 11, site.api_url)}
{_listen("gateway", site.first_port + 12, site.gateway_url)}
[[tenant]]
id = "{TENANT}"
name = "Sandbox Hospital"
issuer = "{site.ehr_url}/fhir"
timezone = "Europe/Oslo"
client_id = "{APP_CLIENT}"
scopes = {scopes}
frame_ancestors = ["{site.ehr_url}"]
backend_client_id = "{DELIVERY_CLIENT}"
backend_scopes = {backend_scopes}
allow_http = true
upload_days = 14
quarantine_seconds = 5.0
environment = "sandbox"
write_mode = "automatic"
operators = ["Practitioner/ingrid-lind"]
probe_patient = "li-wei"

{_vendor(site, secret, "google_health")}
{_vendor(site, secret, "withings")}"""


def _vendor(site: Site, secret: str, vendor: str) -> str:
    simulator = f"{site.vendors_url}/{vendor.replace('_', '-')}"
    own = "".join(f'{name} = "{simulator}/{path}"\n' for name, path in ENDPOINTS[vendor].items())
    return f"""\
[vendor.{vendor}]
client_id = "wristchart-demo"
client_secret = "{secret}"
api_url = "{simulator}"
{own}redirect_uri = "{site.api_url}/link/callback/{vendor}"
webhook_secret = "{secret}"
poll_seconds = 60
rate_scale = {RATE_SCALE}
"""


def _listen(role: str, port: int, url: str) -> str:
    return f'[{role}]\nhost = "127.0.0.1"\nport = {port}\nurl = "{url}"\n'


def _clients(site: Site) -> list[dict[str, object]]:
    jwks = f"{site.web_url}/.well-known/jwks.json"
    return [
        {
            "client_id": APP_CLIENT,
            "name": "Wristchart",
            "kind": "asymmetric",
            "jwks_uri": jwks,
            "redirect_uris": [f"{site.web_url}/callback"],
            "launch_url": f"{site.web_url}/launch.html",
            "scopes": APP_SCOPES.split(),
        },
        {
            "client_id": DELIVERY_CLIENT,
            "name": "Wristchart delivery",
            "kind": "backend",
            "jwks_uri": jwks,
            "redirect_uris": [],
            "scopes": DELIVERY_SCOPES.split(),
        },
    ]


def _apps(site: Site, secret: str) -> dict[str, dict[str, object]]:
    return {
        vendor: {
            "client_id": "wristchart-demo",
            "client_secret": secret,
            "redirect_uris": [f"{site.api_url}/link/callback/{vendor}"],
            "webhook_url": f"{site.api_url}/webhooks/{vendor}",
            "webhook_secret": secret,
        }
        for vendor in ENDPOINTS
    }
