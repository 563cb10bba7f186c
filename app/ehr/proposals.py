"""Which scopes to ask an EHR for, by what it says that it supports. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from app.ehr.discovered import Discovered
from app.registration_values import Permission, load
from smart.scopes import is_version_2, parse, permits, version_1


def launch_proposal(found: Discovered) -> tuple[str, ...]:
    """What a launch asks for: context, identity and each kind that can be read here."""
    reads = _offered(found, "patient", load().reads)
    wanted = (*_context(found), *(each.scope("patient") for each in reads))
    return _as_known(found, wanted)


def backend_proposal(found: Discovered) -> tuple[str, ...]:
    """What delivery asks for: nothing at all where there is nothing that it could write."""
    does = _offered(found, "system", load().does)
    if not any("c" in each.letters for each in does):
        return ()
    return _as_known(found, [each.scope("system") for each in does])


def listed(supported: Iterable[str], who: str, kind: str, letters: str) -> bool | None:
    """Tell whether scopes_supported covers a permission; None where it lists none of this sort."""
    of_who = [s for s in supported if (known := parse(s)) is not None and known.who == who]
    return all(permits(of_who, kind, letter) for letter in letters) if of_who else None


def knows_version_2(found: Discovered) -> bool:
    """Tell whether scopes such as `patient/Patient.rs` may be asked for."""
    supported = found.words("scopes_supported")
    return "permission-v2" in found.words("capabilities") or any(map(is_version_2, supported))


def _offered(found: Discovered, who: str, wanted: Iterable[Permission]) -> list[Permission]:
    """Each kind that is offered, with the letters that are."""
    kept = (each for each in wanted if _is_offered(found, who, each))
    return [replace(each, letters=_letters(found, each)) for each in kept]


def _letters(found: Discovered, wanted: Permission) -> str:
    offer = found.statement.offers.get(wanted.kind) if found.statement else None
    return "".join(letter for letter in wanted.letters if not offer or letter in offer.letters)


def _is_offered(found: Discovered, who: str, wanted: Permission) -> bool:
    """A kind is left out where the EHR says that it does not have it; silence is no such word."""
    essential = "c" if "c" in wanted.letters else "s"
    if found.statement is not None and not found.statement.offers_all(wanted.kind, essential):
        return False
    return listed(found.words("scopes_supported"), who, wanted.kind, essential) is not False


def _context(found: Discovered) -> Iterator[str]:
    capabilities, supported = found.words("capabilities"), found.words("scopes_supported")
    yield "launch"
    if "sso-openid-connect" in capabilities or "openid" in supported:
        yield from ("openid", "fhirUser")
    for scope, capability in (
        ("offline_access", "permission-offline"),
        ("online_access", "permission-online"),
    ):
        if scope in supported or capability in capabilities:
            yield scope
            return


def _as_known(found: Discovered, wanted: Iterable[str]) -> tuple[str, ...]:
    return tuple(wanted) if knows_version_2(found) else version_1(wanted)
