"""The access token of one launch, refreshed by one caller at a time, across processes.

A refresh token is sent at most once: the caller that sends it has claimed the row, and the new
tokens are on disk before their first use. Where the outcome of a refresh is unknown, because the
caller was killed or no answer came, the launch has to be repeated.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import structlog

from app.contexts import ContextGone, Facts, HeldTokens, LaunchContext, LaunchContexts
from app.store import SECOND
from smart import token_endpoint
from smart.ehr import Ehr
from smart.errors import (
    AuthorizationLost,
    EhrError,
    EhrUnavailable,
    IdentityRefused,
    NoAnswer,
    TokensUnusable,
)
from smart.identity import Identity, check_refreshed
from smart.token_response import Tokens

WAIT_SECONDS = 20.0
POLL_SECONDS = 0.05
LONGEST_MARGIN = 60 * SECOND


def held(tokens: Tokens, now: int) -> HeldTokens:
    """Tokens as they are kept; to be renewed a third of their life, at most 60 s, early."""
    life = tokens.seconds * SECOND
    good_until = now + life - min(LONGEST_MARGIN, life // 3)
    return HeldTokens(tokens.access, tokens.refresh, tokens.scopes, good_until)


@dataclass(frozen=True, slots=True)
class LaunchAccess:
    """Implements `smart.bearer.Bearer` for one context."""

    contexts: LaunchContexts
    ehr: Ehr
    context: LaunchContext

    def token(self) -> str:
        """A token that is good now; raises AuthorizationLost, EhrUnavailable.

        One that cannot be renewed is used for as long as the EHR takes it.
        """
        tokens = self._tokens()
        if tokens.good_until > self.contexts.store.now() or not tokens.refresh:
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
            self.ehr.configuration()  # what takes time or fails is done before the claim
            if self.contexts.claim_refresh(self.context.id, tokens.version):
                return self._refresh(tokens)
            if self.contexts.refresh_was_cut_off(self.context.id, tokens.version):
                raise self._lost(tokens, "a renewal was cut off and its outcome is unknown")
            time.sleep(POLL_SECONDS)
        raise EhrUnavailable("another request is still renewing the access")

    def _tokens(self) -> HeldTokens:
        try:
            return self.contexts.tokens(self.context.id)
        except ContextGone as error:
            raise AuthorizationLost("the launch has ended") from error

    def _refresh(self, old: HeldTokens) -> str:
        """Refresh and keep the outcome before its first use."""
        now = self.contexts.store.now()
        try:
            new = token_endpoint.refresh(self.ehr, old.refresh, old.scopes)
            self._check(new)
        except (AuthorizationLost, NoAnswer, TokensUnusable) as error:
            raise self._lost(old, str(error)) from error
        except EhrError:
            self.contexts.release_refresh(self.context.id, old.version)
            raise
        kept = held(new, now)
        return self._keep(old, replace(kept, refresh=new.refresh or old.refresh)).access

    def _check(self, new: Tokens) -> None:
        """Give back tokens for another patient or user; raises AuthorizationLost."""
        facts = self.context.facts
        try:
            if new.patient not in ("", facts.patient):
                raise AuthorizationLost("the EHR now speaks of another patient")
            if new.id_token:
                check_refreshed(self.ehr, new.id_token, _identity(facts))
        except (AuthorizationLost, IdentityRefused) as error:
            token_endpoint.revoke_all(self.ehr, new.access, new.refresh)
            raise AuthorizationLost(str(error)) from error

    def _keep(self, old: HeldTokens, new: HeldTokens) -> HeldTokens:
        """Keep new tokens, or give them back where the launch has ended meanwhile."""
        try:
            return self.contexts.keep_tokens(self.context, old.version, new)
        except ContextGone as error:
            token_endpoint.revoke_all(self.ehr, new.access, new.refresh)
            raise AuthorizationLost("the launch has ended") from error

    def _lost(self, old: HeldTokens, reason: str) -> AuthorizationLost:
        """See to it that this refresh token is never sent again; the error to raise."""
        structlog.get_logger().warning("access lost", context=self.context.id, reason=reason)
        try:
            self.contexts.keep_tokens(self.context, old.version, replace(old, refresh=""))
        except ContextGone:
            return AuthorizationLost("the launch has ended")
        return AuthorizationLost(reason)


def _identity(facts: Facts) -> Identity:
    """Who signed in; `Facts.user` repeats the subject where there is no FHIR resource of them."""
    user = "" if facts.user == facts.subject else facts.user
    return Identity(facts.subject, user, facts.user_name)
