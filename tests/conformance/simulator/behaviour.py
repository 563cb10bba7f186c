"""The switches of a simulated EHR: each is one thing that real EHRs do, or do wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.conformance.simulator.server import Answer

EXPIRED = Answer(401, b"expired", {"Content-Type": "text/plain"})


@dataclass
class Behaviour:
    """As a well-behaved EHR, but for what a test sets. In overrides None removes an entry."""

    # discovery
    configuration: dict[str, Any] = field(default_factory=dict)
    well_known: bool = True  # False: an old server that has its endpoints in /metadata only
    relative_endpoints: bool = False
    permission: tuple[str, ...] = ("permission-v2",)
    post_authorize: bool = False

    # authorization
    require_aud: bool = True
    aud: str = ""  # what the server wants as aud, where that is not its FHIR base
    refuse: str = ""  # an OAuth error to answer the authorization request with
    refuse_words: str = "The user said no"
    refuse_with_state: bool = True
    answer_issuer: str | None = None  # RFC 9207: `iss` of the callback
    patient: str = "ada"  # the patient chosen, "" where none is
    reads_back: str = ""  # the id of the Patient that is read, where it is another one
    encounter: str = ""
    code_seconds: float = 60.0
    replay_codes: bool = False

    # tokens
    seconds: float = 3600.0
    granted: str | None = None  # the scopes granted, where not those asked for
    answer: dict[str, Any] = field(default_factory=dict)
    refresh_answer: dict[str, Any] = field(default_factory=dict)
    jwt_access_token: bool = False
    refresh_tokens: bool = True
    introspection: bool = False
    rotate: bool = True
    reuse_revokes_family: bool = True
    echo_context_on_refresh: bool = True
    id_token_on_refresh: dict[str, Any] | None = None  # overrides of the claims; None: no id_token
    refuse_401_as: Answer = EXPIRED

    # identity
    claims: dict[str, Any] = field(default_factory=dict)
    id_token_header: dict[str, Any] = field(default_factory=dict)
    id_token: str | None = None  # sent instead of a real one
    sign_with: str = "published"  # or "unpublished", "none", "hmac"
    openid_configuration: dict[str, Any] = field(default_factory=dict)

    # FHIR
    page_size: int = 20
    page_seconds: float = 0.0  # how long each page of a search is withheld
    next_link: str = ""  # an address to send as the first page's `next`
    forbidden: frozenset[str] = frozenset()  # resource types answered with 403
    ignore_unknown_search: bool = True

    # any path: answers to give first, each once; None is the usual answer
    first: dict[str, list[Answer | None]] = field(default_factory=dict)
    # any path: the answer to give always
    always: dict[str, Answer] = field(default_factory=dict)
