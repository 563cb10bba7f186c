"""What an EHR has to be told of this site, filled in from `config/registration.toml`."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import Any

from smart.scopes import version_1


@dataclass(frozen=True, slots=True)
class Permission:
    """One kind of resource, what is done with it (letters of c, r, u, d, s), and why."""

    kind: str
    letters: str
    why: str
    needed: bool = False  # without it there is nothing to show or write

    def scope(self, who: str) -> str:
        """As a scope of version 2, such as `patient/Patient.rs`."""
        return f"{who}/{self.kind}.{self.letters}"


@dataclass(frozen=True, slots=True)
class Field:
    """One box of a registration form: its label, what to put in, and what to mind.

    A value that is `copied` is a text; any other is a choice among the form's own words.
    """

    label: str
    value: str
    note: str
    copied: bool


@dataclass(frozen=True, slots=True)
class Fact:
    """What is known of an EHR, and from where."""

    text: str
    source: str


@dataclass(frozen=True, slots=True)
class System:
    """One EHR product, or the generic server."""

    id: str
    name: str
    where: str
    summary: str
    flag: str
    backend: bool
    fields: tuple[Field, ...]
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """The data file, read."""

    context: tuple[str, ...]
    standalone: str
    reads: tuple[Permission, ...]
    does: tuple[Permission, ...]
    document: Mapping[str, Any]


@cache
def load() -> Facts:
    """Read the data file once."""
    text = resources.files("config").joinpath("registration.toml").read_text("utf-8")
    document = tomllib.loads(text)
    return Facts(
        context=tuple(document["launch"]["context"]),
        standalone=document["launch"]["standalone"],
        reads=tuple(Permission(**entry) for entry in document["launch"]["reads"]),
        does=tuple(Permission(**entry) for entry in document["backend"]["does"]),
        document=document,
    )


def addresses(web_url: str) -> dict[str, str]:
    """The addresses that every form asks for, by the words that stand for them in the data."""
    return {
        "launch_url": f"{web_url}/launch.html",
        "start_url": f"{web_url}/start",
        "redirect_url": f"{web_url}/callback",
        "jwks_url": f"{web_url}/.well-known/jwks.json",
        "page_url": f"{web_url}/register",
    }


def launch_scopes(lacks: Iterable[str] = ()) -> tuple[str, ...]:
    """Everything that launches of both sorts ask for, without the kinds that the EHR lacks."""
    facts = load()
    return (*facts.context, facts.standalone, *scopes_of("patient", facts.reads, lacks))


def backend_scopes(
    lacks: Iterable[str] = (), letters: Mapping[str, str] | None = None
) -> tuple[str, ...]:
    """Everything delivery asks for, without the kinds that the EHR lacks.

    `letters` are those that the EHR has for a kind, where it has not all.
    """
    fewer = letters or {}
    does = [replace(each, letters=fewer.get(each.kind, each.letters)) for each in load().does]
    return scopes_of("system", does, lacks)


def scopes_of(who: str, permissions: Iterable[Permission], lacks: Iterable[str]) -> tuple[str, ...]:
    """Scopes of version 2 for some permissions."""
    missing = frozenset(lacks)
    return tuple(each.scope(who) for each in permissions if each.kind not in missing)


def systems(web_url: str) -> tuple[System, ...]:
    """Every EHR of the data file, with this site's values filled in."""
    return tuple(_system(entry, web_url) for entry in load().document["system"])


def _system(entry: Mapping[str, Any], web_url: str) -> System:
    words = _words(web_url, entry.get("lacks", ()), entry.get("letters", {}))
    sources = load().document["sources"]
    return System(
        id=entry["id"],
        name=entry["name"],
        where=entry["where"],
        summary=entry["summary"],
        flag=entry["flag"],
        backend=entry["backend"],
        fields=tuple(_field(field, words) for field in entry["field"]),
        facts=tuple(Fact(fact["text"], sources[fact["source"]]) for fact in entry["fact"]),
    )


def _field(entry: Mapping[str, Any], words: Mapping[str, str]) -> Field:
    value = entry["value"].format_map(words)
    copied = entry.get("copied", value != entry["value"])
    return Field(entry["label"], value, entry.get("note", ""), copied)


def _words(web_url: str, lacks: Iterable[str], letters: Mapping[str, str]) -> dict[str, str]:
    app, backend = load().document["app"], backend_scopes(lacks, letters)
    return {
        **addresses(web_url),
        "app_name": app["name"],
        "app_description": app["description"],
        "scopes": " ".join(launch_scopes(lacks)),
        "scopes_v1": " ".join(version_1(launch_scopes(lacks))),
        "backend_scopes": " ".join(backend),
        "backend_scopes_v1": " ".join(version_1(backend)),
        "metadata": json.dumps(_metadata(web_url, app["name"]), indent=2),
    }


def _metadata(web_url: str, name: str) -> dict[str, object]:
    """Client metadata for servers that take them as JSON (RFC 7591)."""
    site = addresses(web_url)
    return {
        "client_name": name,
        "initiate_login_uri": site["launch_url"],
        "redirect_uris": [site["redirect_url"]],
        "jwks_uri": site["jwks_url"],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "private_key_jwt",
        "scope": " ".join(launch_scopes()),
    }
