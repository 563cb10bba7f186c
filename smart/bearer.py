"""Where a reader gets its access token from."""

from __future__ import annotations

from typing import Protocol


class Bearer(Protocol):
    """The access of one launch to one EHR."""

    def token(self) -> str:
        """A token that is good now. Raises AuthorizationLost, EhrUnavailable."""
        ...

    def renewed(self, refused: str) -> str:
        """Another token after the EHR refused `refused`. Raises as `token` does."""
        ...
