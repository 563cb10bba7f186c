"""Keys: those the EHR signs with, and ours as the EHR reads them."""

from __future__ import annotations

from collections.abc import Iterator

from app.ehr.report import Line, failure, good, warning
from app.ehr.subject import Subject
from app.registration_values import addresses
from safeguards.egress import Egress, EgressError
from safeguards.strict_json import Malformed, loads
from smart.errors import EhrError
from smart.lenient import mapping, mappings

MAXIMUM_BYTES = 256_000


def key_lines(subject: Subject) -> Iterator[Line]:
    """The EHR's keys, and ours where this client has any use for them."""
    yield _theirs(subject)
    tenant = subject.tenant
    if tenant.client_type == "asymmetric" or tenant.backend_client_id:
        yield _ours(subject)


def _theirs(subject: Subject) -> Line:
    part = "the EHR's keys"
    try:
        configuration = subject.ehr.configuration()
        if not (configuration.identity_issuer or configuration.jwks_uri):
            return warning(
                part, "not named", "ask the vendor for jwks_uri: else nobody is identified"
            )
        keys = subject.ehr.signing_keys(configuration.identity_issuer)
    except EhrError as error:
        return failure(part, str(error), "without them no id_token can be verified: ask the vendor")
    return good(part, f"{len(keys.keys)} to verify id_tokens with")


def _ours(subject: Subject) -> Line:
    """The key set at its public address must hold every key that this site signs with."""
    url = subject.tenant.jwks_url or addresses(subject.web_url)["jwks_url"]
    part, start = "our keys", "start the web role and the proxy in front of it"
    try:
        answer = Egress.to_own_service(url).get(url, maximum_bytes=MAXIMUM_BYTES)
        served = mappings(mapping(loads(answer.content, limit=MAXIMUM_BYTES)).get("keys"))
    except EgressError as error:
        return failure(part, f"{url} does not answer: {error}", start)
    except Malformed:
        return failure(part, f"{url} answered {answer.status_code}, not with a key set", start)
    missing = _kids(subject) - {str(key.get("kid")) for key in served}
    if answer.status_code != 200 or missing:
        what = f"{url} answered {answer.status_code} without key {', '.join(sorted(missing))}"
        return failure(
            part, what, "is another site, or an older start of this one, at that address?"
        )
    return good(part, f"{url} holds {', '.join(sorted(_kids(subject)))}")


def _kids(subject: Subject) -> set[str]:
    return {str(key["kid"]) for key in subject.ehr.keys.public_jwks()["keys"]}
