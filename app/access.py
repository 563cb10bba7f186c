"""The access token of one launch, refreshed by one caller at a time, across processes."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from app.contexts import ContextGone, HeldTokens, LaunchContext, LaunchContexts
from app.store import SECOND
from smart import token_endpoint
from smart.ehr import Ehr
from smart.errors import AuthorizationLost, EhrError, EhrUnavailable
from smart.token_response import Tokens

WAIT_SECONDS = 20.0
POLL_SECONDS = 0.05
LONGEST_MARGIN_SECONDS = 30


def held(tokens: Tokens, now: int) -> HeldTokens:
    """Tokens as they are kept; they count as spent a tenth of their life (at most 30 s) early."""
    margin = min(LONGEST_MARGIN_SECONDS, tokens.seconds // 10)
    good_until = now + (tokens.seconds - margin) * SECOND
    return HeldTokens(tokens.access, tokens.refresh, tokens.scopes, good_until)


@dataclass(frozen=True, slots=True)
class LaunchAccess:
    """Implements `smart.bearer.Bearer` for one context."""

    contexts: LaunchContexts
    ehr: Ehr
    context: LaunchContext

    def token(self) -> str:
        """A token that is good now; raises AuthorizationLost, EhrUnavailable."""
        tokens = self._tokens()
        if tokens.good_until > self.contexts.store.now():
            return tokens.access
        return self.renewed(tokens.access)

    def renewed(self, refused: str) -> str:
        """A token other than `refused`: one that another caller got, or a refreshed one."""
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            tokens = self._tokens()
            if tokens.access != refused:
                return tokens.access
            if not tokens.refresh:
                raise AuthorizationLost("the access has run out and cannot be renewed")
            if self.contexts.claim_refresh(self.context.id, tokens.version):
                return self._refresh(tokens)
            time.sleep(POLL_SECONDS)
        raise EhrUnavailable("another request is still renewing the access")

    def _tokens(self) -> HeldTokens:
        try:
            return self.contexts.tokens(self.context.id)
        except ContextGone as error:
            raise AuthorizationLost("the launch has ended") from error

    def _refresh(self, old: HeldTokens) -> str:
        """Refresh and keep the outcome before its first use: a refresh token works only once."""
        try:
            new = token_endpoint.refresh(self.ehr, old.refresh, old.scopes)
            if new.patient not in ("", self.context.facts.patient):
                raise AuthorizationLost("the EHR now speaks of another patient")
        except AuthorizationLost:
            self._keep(old, replace(old, refresh=""))
            raise
        except EhrError:
            self.contexts.release_refresh(self.context.id, old.version)
            raise
        kept = held(new, self.contexts.store.now())
        return self._keep(old, replace(kept, refresh=new.refresh or old.refresh)).access

    def _keep(self, old: HeldTokens, new: HeldTokens) -> HeldTokens:
        try:
            return self.contexts.keep_tokens(self.context, old.version, new)
        except ContextGone as error:
            raise AuthorizationLost("the launch has ended") from error
