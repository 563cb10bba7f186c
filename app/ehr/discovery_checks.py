"""Whether what the EHR says of itself is enough for a launch, with our kind of client."""

from __future__ import annotations

from collections.abc import Iterator

from app.ehr.discovered import WELL_KNOWN, Discovered
from app.ehr.report import Line, failure, good, unknown, warning
from app.ehr.subject import Subject
from config.settings import Tenant
from smart.discovery import Configuration
from smart.errors import EhrMisconfigured, EhrUnavailable

NEEDED = {  # by client type: the capability, and the method of the token endpoint
    "asymmetric": ("client-confidential-asymmetric", "private_key_jwt"),
    "symmetric": ("client-confidential-symmetric", "client_secret_basic"),
    "public": ("client-public", "none"),
}


def discovery_lines(subject: Subject, found: Discovered) -> tuple[bool, list[Line]]:
    """Tell whether the configuration can be used, and the lines that say so."""
    try:
        configuration = subject.ehr.configuration()
    except EhrMisconfigured as error:
        return False, [failure("discovery", str(error), _mend(found, subject.tenant))]
    except EhrUnavailable as error:
        return False, [unknown("discovery", str(error), "check again")]
    return True, [
        _source(found),
        good("endpoints", f"token endpoint {configuration.token_endpoint}"),
        *_abilities(found, configuration),
        _client(found, subject.tenant),
        *_callback(subject, configuration),
    ]


def _mend(found: Discovered, tenant: Tenant) -> str:
    missing = [each for each in found.foreign_origins if each not in tenant.endpoint_origins]
    if missing:
        return f"if these are the EHR's own, write them into endpoint_origins: {', '.join(missing)}"
    return "tell the EHR's vendor: SMART App Launch 2.2 requires it"


def _source(found: Discovered) -> Line:
    if found.source == WELL_KNOWN:
        return good("discovery", WELL_KNOWN)
    return warning(
        "discovery",
        "by the CapabilityStatement only: an old way, which cannot say that PKCE is offered",
        f"ask the vendor for {WELL_KNOWN}",
    )


def _abilities(found: Discovered, configuration: Configuration) -> Iterator[Line]:
    if found.source == WELL_KNOWN:
        yield good("PKCE", "S256")
    if "launch-ehr" in configuration.capabilities:
        yield good("launch from the chart", "offered")
    else:
        yield warning(
            "launch from the chart",
            "not named among the capabilities",
            "try it; else ask the vendor",
        )
    if configuration.identity_issuer:
        yield good("issuer of id_tokens", configuration.identity_issuer)
    else:
        yield warning(
            "issuer of id_tokens",
            "not named: it is taken from the token where its origin is allowed",
            "ask the vendor to name issuer and jwks_uri",
        )


def _callback(subject: Subject, configuration: Configuration) -> Iterator[Line]:
    """With several EHRs an answer must show whose it is, or one could pass as another's."""
    if not subject.among_others:
        return
    if subject.tenant.own_callback:
        yield good("callback", f"its own: /callback/{subject.tenant.id}")
    elif configuration.names_itself:
        yield good("callback", "shared: the EHR names itself in its answers (RFC 9207)")
    else:
        yield warning(
            "callback",
            "shared with other EHRs, and this one does not name itself in its answers",
            f"register the redirect URL /callback/{subject.tenant.id}, then own_callback = true",
        )


def _client(found: Discovered, tenant: Tenant) -> Line:
    capability, method = NEEDED[tenant.client_type]
    methods = found.words("token_endpoint_auth_methods_supported")
    part = f"client type {tenant.client_type}"
    if capability in found.words("capabilities") or method in methods:
        return good(part, "offered")
    if not methods:
        return warning(part, "the EHR does not say which it takes", "try a launch")
    others = [kind for kind, (_, name) in NEEDED.items() if name in methods]
    return failure(
        part,
        f"the EHR takes {', '.join(sorted(methods))}",
        f"register as {' or '.join(others)}" if others else "ask the vendor",
    )
