"""Questions at the command line: each answer may also come by an option, and is checked alike."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import click

from config.origins import is_loopback, is_origin
from config.tenant_checks import is_timezone, issuer_faults

SHORT_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f]")

Check = Callable[[str], str]
"""Returns the answer as it is to be kept; raises click.BadParameter with what to do."""


def ask(
    given: str | None,
    flag: str,
    question: str,
    check: Check,
    *,
    default: str | None = None,
    hidden: bool = False,
) -> str:
    """The option's value, or the answer of somebody at the terminal; raises click.UsageError."""
    if given is not None:
        try:
            return check(given)
        except click.BadParameter as error:
            raise click.UsageError(f"{flag}: {error.message}") from error
    try:
        answer: str = click.prompt(
            question, default=default, value_proc=check, hide_input=hidden, err=True
        )
    except click.Abort as error:
        raise click.UsageError(f"no answer to {question!r}: in a script give {flag}") from error
    return answer


def agree(given: bool, question: str) -> bool:
    """Yes by the option --yes, or the answer of somebody at the terminal."""
    try:
        return given or click.confirm(question, default=True, err=True)
    except click.Abort as error:
        raise click.UsageError(f"no answer to {question!r}: in a script give --yes") from error


def an_issuer(text: str) -> str:
    """The FHIR base URL, to the letter: the EHR sends it as `iss` and it is compared so."""
    issuer = _plain(text)
    for fault in issuer_faults(issuer, allow_http=is_loopback(issuer)):
        raise click.BadParameter(fault)
    return issuer


def a_name(text: str) -> str:
    """Any text."""
    name = _plain(text)
    if not name:
        raise click.BadParameter("give a text")
    return name


def perhaps(text: str) -> str:
    """A text, or nothing."""
    return _plain(text)


def a_short_name(text: str) -> str:
    """A tenant id: it stands in addresses, logs and the registry."""
    name = _plain(text)
    if not SHORT_NAME.fullmatch(name):
        raise click.BadParameter("use small letters, digits and hyphens, 40 at most")
    return name


def a_timezone(text: str) -> str:
    """An IANA time zone."""
    name = _plain(text)
    if not is_timezone(name):
        raise click.BadParameter(f"{name!r} is no time zone: write one such as Europe/Oslo")
    return name


def one_of(choices: Sequence[str]) -> Check:
    """One of some words."""

    def check(text: str) -> str:
        if text.strip() not in choices:
            raise click.BadParameter(f"write one of {', '.join(choices)}")
        return text.strip()

    return check


def origins(text: str) -> str:
    """Origins with blanks or commas between them; none is an answer too."""
    for each in split(text):
        if not is_origin(each):
            raise click.BadParameter(f"{each!r} is no origin: write https://host, nothing after it")
        if each.startswith("http:") and not is_loopback(each):
            raise click.BadParameter(f"{each!r} is http off this machine: write its https origin")
    return " ".join(split(text))


def split(text: str) -> tuple[str, ...]:
    """The words of an answer."""
    return tuple(filter(None, re.split(r"[\s,]+", text)))


def short_name(name: str) -> str:
    """A proposal for a tenant id."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or "hospital"


def _plain(text: str) -> str:
    if UNPRINTABLE.search(text):
        raise click.BadParameter("leave out line breaks and other unprintable characters")
    return text.strip()
