"""Where vendors call: verified on the raw bytes, kept, answered; the work comes later."""

from __future__ import annotations

import hmac

import structlog
from flask import Blueprint, Response, abort, request
from requests.structures import CaseInsensitiveDict

from safeguards.strict_json import Malformed
from wearable_agg.api.backend import Backend
from wearable_agg.api.problems import NOT_AUTHENTIC, TRY_AGAIN, Problem
from wearable_agg.intake import inbox
from wearable_agg.intake.keysets import Keysets
from wearable_agg.intake.notices import pack
from wearable_agg.intake.sites import VendorSite, is_signed
from wearable_agg.store.database import writing
from wearable_agg.vendors.protocol import NotAuthentic, Unusable, VendorDown

MOST_BYTES = 1_000_000
_EVERY_TENANT = "*"

log = structlog.get_logger()


def webhooks_blueprint(backend: Backend) -> Blueprint:
    """Return the routes under /webhooks."""
    routes = Blueprint("webhooks", __name__, url_prefix="/webhooks")
    receiving = _Receiving(backend)
    routes.post("/<vendor>")(receiving.signed)
    routes.route("/<vendor>/<secret>", methods=["GET", "POST"])(receiving.secret)
    return routes


class _Receiving:
    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._keysets = Keysets(backend.sites)

    def signed(self, vendor: str) -> Response:
        """Take a notification from a vendor that signs."""
        site = self._backend.sites.get(vendor)
        if site is None or not is_signed(site.app):
            abort(404)
        return self._receive(site)

    def secret(self, vendor: str, secret: str) -> Response:
        """Take a notification from a vendor whose only credential is the address."""
        site = self._backend.sites.get(vendor)
        if site is None or is_signed(site.app) or not _same(secret, site.app.webhook_secret):
            abort(404)
        if request.method != "POST":
            return Response(status=200)
        return self._receive(site)

    def _receive(self, site: VendorSite) -> Response:
        raw = _raw_body()
        headers = CaseInsensitiveDict(request.headers.items())
        status = site.vendor.handshake(site.app, headers, raw)
        if status is None:
            self._keep(site, headers, raw)
            status = site.vendor.accepted_status
        return Response(status=status)

    def _keep(self, site: VendorSite, headers: CaseInsensitiveDict[str], raw: bytes) -> None:
        """Commit the notification; raises Problem 401 for a forged one, and 503."""
        dead_because = None
        try:
            payload = pack(raw, self._keysets.notifications(site.vendor.id, headers, raw))
        except NotAuthentic as error:
            log.warning("forged notification", vendor=site.vendor.id, reason=str(error))
            raise Problem(NOT_AUTHENTIC, "The signature is not the vendor's.") from error
        except VendorDown as error:
            raise Problem(TRY_AGAIN, "The vendor's keys cannot be read.") from error
        except (Malformed, Unusable) as error:
            payload, dead_because = raw, f"{type(error).__name__}: {error}"
        with writing(self._backend.engine) as connection:
            inbox.keep(
                connection,
                self._backend.vault,
                tenant=_EVERY_TENANT,
                vendor=site.vendor.id,
                account_id=None,
                kind=inbox.WEBHOOK,
                raw=payload,
                dead_because=dead_because,
            )


def _raw_body() -> bytes:
    return request.get_data(cache=False)


def _same(one: str, other: str) -> bool:
    return bool(other) and hmac.compare_digest(one.encode(), other.encode())
