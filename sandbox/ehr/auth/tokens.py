"""Authorization codes, access and refresh tokens; only their SHA-256 digests are stored.

Tokens that stem from one code are a family: reusing the code, or a refresh token that was
already exchanged, revokes the whole family.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from sqlite3 import Row

from sandbox.ehr.auth.scopes import resource_scopes
from sandbox.ehr.clients import Client
from sandbox.ehr.database import Clock, Database, from_micros, to_micros
from sandbox.ehr.fhir.access import Bearer

CODE_LIFE = timedelta(seconds=60)
REFRESH_LIFE = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Grant:
    """What was granted to whom; travels from the code to every token of its family."""

    client_id: str
    scope: str
    audience: str
    user: str | None = None
    patient: str | None = None
    encounter: str | None = None
    need_patient_banner: bool = True
    nonce: str | None = None
    family: str = ""


@dataclass(frozen=True, slots=True)
class Code:
    """An authorization code; attribute and method names are those authlib reads."""

    grant: Grant
    redirect_uri: str
    code_challenge: str
    code_challenge_method: str = "S256"

    def get_redirect_uri(self) -> str:
        """The redirect URI of the authorization request."""
        return self.redirect_uri

    def get_scope(self) -> str:
        """The granted scopes."""
        return self.grant.scope


@dataclass(frozen=True, slots=True)
class Token:
    """A stored access or refresh token; method names are those authlib calls."""

    digest: str
    kind: str
    grant: Grant
    issued: datetime
    expires: datetime
    expired: bool
    revoked: bool

    def check_client(self, client: Client) -> bool:
        """Whether it was issued to this client."""
        return self.grant.client_id == client.client_id

    def get_scope(self) -> str:
        """The granted scopes."""
        return self.grant.scope

    def is_expired(self) -> bool:
        """Whether its time is over."""
        return self.expired

    def is_revoked(self) -> bool:
        """Whether it was revoked or exchanged."""
        return self.revoked


class Tokens:
    """The table of codes and tokens."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def save_code(self, code: str, detail: Code) -> None:
        """Store a new code."""
        text = json.dumps(asdict(detail))
        with self._database.write() as connection:
            connection.execute(
                "INSERT INTO codes VALUES (?, ?, 0, ?)",
                (digest(code), to_micros(self._clock()), text),
            )

    def use_code(self, code: str, client: Client) -> Code | None:
        """Take a code, once. A second use, by anyone, revokes what the first one gave."""
        with self._database.write() as connection:
            row = connection.execute(
                "SELECT * FROM codes WHERE digest = ?", (digest(code),)
            ).fetchone()
            if row is None:
                return None
            detail = json.loads(row["detail"])
            found = Code(**detail | {"grant": Grant(**detail["grant"])})
            if found.grant.client_id != client.client_id:
                return None
            if row["used"]:
                self.revoke_family(found.grant.family)
                return None
            connection.execute("UPDATE codes SET used = 1 WHERE digest = ?", (digest(code),))
        alive = from_micros(row["created"]) + CODE_LIFE > self._clock()
        return found if alive else None

    def issue(self, token: str, kind: str, grant: Grant, life: timedelta) -> None:
        """Store a token that was just generated; ``kind`` is access or refresh."""
        now = self._clock()
        with self._database.write() as connection:
            connection.execute(
                "INSERT INTO tokens VALUES (?, ?, ?, ?, ?, 0, 0, ?)",
                (
                    digest(token),
                    kind,
                    grant.family,
                    to_micros(now),
                    to_micros(now + life),
                    json.dumps(asdict(grant)),
                ),
            )

    def find(self, token: str, kind: str | None = None) -> Token | None:
        """A token, whatever its state."""
        row = (
            self._database.read()
            .execute("SELECT * FROM tokens WHERE digest = ?", (digest(token),))
            .fetchone()
        )
        return self._token(row) if row and kind in (None, row["kind"]) else None

    def exchange(self, refresh: Token) -> bool:
        """Mark a refresh token as used, once; a second time revokes the family."""
        with self._database.write() as connection:
            done = connection.execute(
                "UPDATE tokens SET used = 1 WHERE digest = ? AND used = 0 AND revoked = 0",
                (refresh.digest,),
            )
            if done.rowcount == 0:
                self.revoke_family(refresh.grant.family)
        return done.rowcount == 1

    def revoke(self, token: Token) -> None:
        """Revoke an access token, or with a refresh token its whole family."""
        if token.kind == "refresh":
            self.revoke_family(token.grant.family)
            return
        with self._database.write() as connection:
            connection.execute("UPDATE tokens SET revoked = 1 WHERE digest = ?", (token.digest,))

    def revoke_family(self, family: str) -> None:
        """Revoke every token that stems from one code."""
        with self._database.write() as connection:
            connection.execute("UPDATE tokens SET revoked = 1 WHERE family = ?", (family,))

    def bearer(self, token: str, audience: str) -> Bearer | None:
        """What a live access token for this audience allows."""
        found = self.find(token, "access")
        if found is None or found.expired or found.revoked or found.grant.audience != audience:
            return None
        grant = found.grant
        scopes = resource_scopes(grant.scope.split())
        return Bearer(grant.client_id, grant.user, grant.patient, scopes)

    def _token(self, row: Row) -> Token:
        expires = from_micros(row["expires"])
        return Token(
            digest=row["digest"],
            kind=row["kind"],
            grant=Grant(**json.loads(row["detail"])),
            issued=from_micros(row["issued"]),
            expires=expires,
            expired=expires <= self._clock(),
            revoked=bool(row["revoked"] or row["used"]),
        )


def new_family() -> str:
    """An id for the tokens that will stem from one code or one client assertion."""
    return secrets.token_hex(16)


def digest(secret: str) -> str:
    """What is stored in place of a code or token."""
    return sha256(secret.encode()).hexdigest()
