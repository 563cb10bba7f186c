"""By which route a finding can reach this EHR's chart: Flag first, then what else it takes."""

from __future__ import annotations

from app.ehr.report import Line, failure, good, warning
from app.ehr.statement import Offer, Statement
from config.settings import Tenant
from smart.backend_services import BackendToken
from smart.scopes import permits

PART = "Flag"
OTHERS = {  # the ladder below Flag, best first; CDS Hooks cannot be seen in a CapabilityStatement
    "Observation": "an Observation with an alert rule of the site",
    "Communication": "a Communication to a pool",
    "DocumentReference": "a note",
}
PAGE = "findings stay on Wristchart's page"


def route_line(tenant: Tenant, statement: Statement | None, access: BackendToken | None) -> Line:
    """Whether a Flag could be created, without creating one; else which route there is."""
    if not permits(tenant.backend_scopes, "Flag", "c") or not tenant.backend_client_id:
        return _not_asked(statement)
    granted = access is not None and access.allows("Flag", "c")
    if statement is None:
        if granted:
            return warning(
                PART, "granted; no CapabilityStatement says how", "try it in a test system"
            )
        return failure(PART, f"not granted: {PAGE}", "grant system/Flag.cu to the backend client")
    if not statement.offers_all("Flag", "c"):
        mend = "take Flag out of backend_scopes, or wait for another route of delivery"
        return warning(PART, f"cannot be created here; {other_route(statement)}", mend)
    if not granted:
        return failure(PART, f"offered but not granted: {PAGE}", "grant system/Flag.cu")
    return _creatable(statement)


def _not_asked(statement: Statement | None) -> Line:
    if statement is not None and statement.offers_all("Flag", "c"):
        mend = "register a Backend Services client with system/Flag.crus"
        return warning(PART, f"could be created here, but is not asked for: {PAGE}", mend)
    return good(PART, f"not asked for; {other_route(statement)}")


def _creatable(statement: Statement) -> Line:
    once = how_once(statement.offers["Flag"], transactions=statement.transactions)
    if once:
        return good(PART, f"can be created, once each by {once}")
    return warning(
        PART,
        "can be created; no way to create once is named: a lost answer is followed by a search",
        "ask the vendor for conditional create",
    )


def how_once(offer: Offer, *, transactions: bool) -> str:
    """The server's own means against creating twice, "" where it names none."""
    if offer.conditional_create:
        return "conditional create" + (" in a transaction" if transactions else "")
    return "update as create" if offer.update_create else ""


def other_route(statement: Statement | None) -> str:
    """The best route below Flag that the EHR itself offers, in words."""
    offered = [
        what for kind, what in OTHERS.items() if statement and statement.offers_all(kind, "c")
    ]
    return f"it would take {offered[0]}; {PAGE}" if offered else PAGE
