"""The apps that are registered with the simulated vendors.

The file is one JSON object, an entry per vendor id ("google_health", "withings"):

    {"google_health": {"client_id": "...", "client_secret": "...", "redirect_uris": ["https://..."],
                       "webhook_url": "https://...", "webhook_secret": "...",
                       "admin_token": "..."},
     "withings": {"client_id": "...", "client_secret": "...", "redirect_uris": ["https://..."]}}

For Google, `webhook_url` and `webhook_secret` make the project's subscriber at start, as its
administrator would have done in the cloud; `admin_token` stands for the administrator's own access
token and opens the subscriber interface. Withings apps subscribe each user through the API, so
these members are not needed there and ignored.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

GOOGLE = "google_health"
WITHINGS = "withings"


@dataclass(frozen=True, slots=True)
class App:
    """One app registered with one vendor."""

    vendor: str
    client_id: str
    client_secret: str
    redirect_uris: tuple[str, ...]
    webhook_url: str = ""
    webhook_secret: str = ""
    admin_token: str = ""


def load_apps(path: Path) -> dict[str, App]:
    """Read the apps file; raises OSError, ValueError or TypeError where it cannot be used."""
    return apps_of(json.loads(path.read_text("utf-8")))


def apps_of(document: dict[str, dict[str, Any]]) -> dict[str, App]:
    """Read the parsed apps file."""
    return {
        vendor: App(vendor, **{**entry, "redirect_uris": tuple(entry["redirect_uris"])})
        for vendor, entry in document.items()
    }
