"""The file of this client's keys: what is in it, and how one key takes over from another.

A new key is published before it signs, so that every EHR has fetched it by then; the one it
follows stays published after its last signature, for what is still on its way.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

ALGORITHMS = ("ES384", "RS384")  # the two of SMART App Launch 2.2; the first is preferred
RSA_BITS = 2048
KINDS: Mapping[str, type[ECKey] | type[RSAKey]] = {"EC": ECKey, "RSA": RSAKey}
OURS = ("signs_from", "published_until")  # what an entry holds besides its JWK


class NotAKeyFile(ValueError):
    """The text holds no usable keys."""


class RotationUnderWay(Exception):
    """A new key is published already and will sign `from_` (seconds since the epoch)."""

    def __init__(self, from_: int) -> None:
        super().__init__("a rotation is under way")
        self.from_ = from_


@dataclass(frozen=True, slots=True)
class HeldKey:
    """A private key with its times in seconds since the epoch; None: published without end."""

    key: ECKey | RSAKey
    signs_from: int = 0
    published_until: int | None = None

    @property
    def algorithm(self) -> str:
        """What it signs with."""
        return "ES384" if isinstance(self.key, ECKey) else "RS384"

    def is_published(self, now: float) -> bool:
        """Whether EHRs may still meet its signatures."""
        return self.published_until is None or now < self.published_until

    def public(self) -> dict[str, Any]:
        """The JWK to publish: bare, without any private part."""
        bare = self.key.as_dict(private=False)
        return {**bare, "use": "sig", "alg": self.algorithm, "key_ops": ["verify"]}


def new_keys(signs_from: int = 0) -> tuple[HeldKey, ...]:
    """One key for each algorithm."""
    elliptic = ECKey.generate_key("P-384", {"use": "sig", "alg": "ES384"}, auto_kid=True)
    rsa = RSAKey.generate_key(RSA_BITS, {"use": "sig", "alg": "RS384"}, auto_kid=True)
    return HeldKey(elliptic, signs_from), HeldKey(rsa, signs_from)


def signing(keys: Iterable[HeldKey], algorithm: str, now: float) -> HeldKey | None:
    """The key in force: of those that may sign already, the newest."""
    able = [k for k in keys if k.algorithm == algorithm and k.signs_from <= now]
    return max((k for k in able if k.is_published(now)), key=lambda k: k.signs_from, default=None)


def rotated(keys: Iterable[HeldKey], now: int, *, overlap: int, keep: int) -> tuple[HeldKey, ...]:
    """The keys with new ones that sign `overlap` seconds from now, older ones published
    `keep` seconds longer, and those past their time left out.

    With both zero the older keys are withdrawn at once, as when one has leaked. Raises
    RotationUnderWay where new keys wait already, unless they are withdrawn too.
    """
    published = [key for key in keys if key.is_published(now)]
    waiting = [key.signs_from for key in published if key.signs_from > now]
    if waiting and overlap + keep:
        raise RotationUnderWay(max(waiting))
    last = now + overlap + keep
    ends = (_earlier(key.published_until, last) for key in published)
    kept = (replace(key, published_until=e) for key, e in zip(published, ends, strict=True))
    return (*new_keys(now + overlap), *(key for key in kept if key.is_published(now)))


def _earlier(one: int | None, other: int) -> int:
    return other if one is None else min(one, other)


def write(keys: Iterable[HeldKey]) -> bytes:
    """The text of the file."""
    return json.dumps({"keys": [_entry(key) for key in keys]}, indent=1).encode()


def new_file() -> bytes:
    """The text of a first file."""
    return write(new_keys(int(time.time())))


@lru_cache(maxsize=1)  # to check an RSA key anew takes a tenth of a second
def read(content: bytes) -> tuple[HeldKey, ...]:
    """The keys in the text of a file; raises NotAKeyFile."""
    try:
        keys = tuple(_held(entry) for entry in json.loads(content)["keys"])
    except (ValueError, KeyError, TypeError, AttributeError, JoseError) as error:
        raise NotAKeyFile("it holds no readable key set") from error
    if not keys:
        raise NotAKeyFile("it holds no key")
    if len({key.key.kid for key in keys}) < len(keys):
        raise NotAKeyFile("two of its keys have the same kid")
    return keys


def _entry(held: HeldKey) -> dict[str, Any]:
    times = {"signs_from": held.signs_from, "published_until": held.published_until}
    return {**held.key.as_dict(private=True), **times}


def _held(entry: Mapping[str, Any]) -> HeldKey:
    bare = {name: value for name, value in entry.items() if name not in OURS}
    key = KINDS[bare["kty"]].import_key(bare)
    if not key.is_private or not key.kid:
        raise ValueError("a private key with a kid is needed")
    if isinstance(key, ECKey) and key.curve_name != "P-384":
        raise ValueError("an EC key has to be on P-384")
    until = entry.get("published_until")
    return HeldKey(key, int(entry.get("signs_from", 0)), None if until is None else int(until))
