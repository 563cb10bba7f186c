"""What one access token reaches: interactions, types, patients."""

from __future__ import annotations

from dataclasses import dataclass
from sqlite3 import Connection

from sandbox.ehr.auth.scopes import Scope
from sandbox.ehr.fhir.filters import Fragment, every, one_of, parameter_filter
from sandbox.ehr.fhir.parameters import SHARED_TYPES
from sandbox.ehr.fhir.problems import Forbidden
from sandbox.ehr.fhir.store import current

LETTERS = {"c": "create", "r": "read", "u": "update", "d": "delete", "s": "search"}


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who holds the access token, and its scopes."""

    client_id: str
    user: str | None
    patient: str | None
    scopes: tuple[Scope, ...]

    def reach(self, type_: str, action: str) -> Fragment:
        """SQL that is true of the resources the token allows the action on; raises Forbidden."""
        covering = [scope for scope in self.scopes if scope.covers(type_, action)]
        if not covering:
            raise Forbidden(f"The token has no scope to {LETTERS[action]} {type_}.")
        return one_of([self._reach_of(scope, type_, action) for scope in covering])

    def compartment(self, type_: str, action: str) -> str | None:
        """The one patient the action is confined to, or None where it is not."""
        levels = {scope.level for scope in self.scopes if scope.covers(type_, action)}
        return self.patient if levels == {"patient"} else None

    def _reach_of(self, scope: Scope, type_: str, action: str) -> Fragment:
        narrowings = [parameter_filter(type_, name, text) for name, text in scope.parameters()]
        if scope.level == "patient":
            narrowings.append(self._own_patient(type_, action))
        return every(narrowings)

    def _own_patient(self, type_: str, action: str) -> Fragment:
        if type_ in SHARED_TYPES and action in "rs":
            return "(r.patient IS NULL OR r.patient = ?)", [self.patient]
        return "r.patient = ?", [self.patient]


def demand(connection: Connection, bearer: Bearer, type_: str, id_: str, action: str) -> None:
    """Raise Forbidden unless the token allows the action on this stored resource."""
    sql, values = bearer.reach(type_, action)
    row = connection.execute(
        "SELECT patient, withheld FROM resources r WHERE type = ? AND id = ? AND " + sql,  # noqa: S608
        (type_, id_, *values),
    ).fetchone()
    if row is None and current(connection, type_, id_) is not None:
        raise Forbidden(f"{type_}/{id_} is outside what the token reaches.")
    if row is not None and row["withheld"]:
        raise Forbidden(f"{type_}/{id_} is restricted and is not shown to apps.")
    if row is not None and row["patient"]:
        demand_unrestricted(connection, type_, row["patient"])


def demand_unrestricted(connection: Connection, type_: str, patient: str) -> None:
    """Raise Forbidden where the hospital keeps this type of this patient from apps."""
    if connection.execute(
        "SELECT 1 FROM restrictions WHERE type = ? AND patient = ?", (type_, patient)
    ).fetchone():
        raise Forbidden(f"{type_} of Patient/{patient} is restricted and is not shown to apps.")
