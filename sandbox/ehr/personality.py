"""How an EHR behaves when apps write to it: what the demo EHR can be told to be like.

After what is published of real ones: HAPI's conditional create lets parallel requests through,
Epic takes no heed of ``If-None-Exist``, Oracle Health stores no identifier that an app sends and
answers 409 to a stale version and 500 to a missing element, others take ids that the app chose.
"""

from __future__ import annotations

from dataclasses import dataclass

ATOMIC, RACY, IGNORED = "atomic", "racy", "ignored"

MISSING = "required"
"""The issue code by which a server says that an element is missing."""


@dataclass(frozen=True, slots=True)
class Personality:
    """``condition`` is what becomes of If-None-Exist; ``window_seconds`` how long a racy server
    takes from looking to storing. ``unknown`` types are not served, ``read_only`` ones not taken.
    """

    name: str
    condition: str = ATOMIC
    window_seconds: float = 0.0
    puts_create: bool = True
    transactions: bool = True
    keeps_identifiers: bool = True
    stale_status: int = 412
    missing_status: int = 400
    unknown: frozenset[str] = frozenset()
    read_only: frozenset[str] = frozenset()

    def writes(self, type_: str) -> bool:
        """Whether apps may create and change resources of this type."""
        return type_ not in self.read_only and type_ not in self.unknown


PERSONALITIES = {
    each.name: each
    for each in (
        Personality("atomic"),
        Personality("racy", condition=RACY, window_seconds=0.05, puts_create=False),
        Personality("header-ignored", condition=IGNORED, puts_create=False, transactions=False),
        Personality(
            "no-identifier",
            condition=IGNORED,
            puts_create=False,
            transactions=False,
            keeps_identifiers=False,
            stale_status=409,
            missing_status=500,
            unknown=frozenset({"Flag", "Device"}),
        ),
        Personality("put-create", condition=IGNORED, transactions=False),
        Personality("read-only-flag", read_only=frozenset({"Flag", "Communication"})),
    )
}
