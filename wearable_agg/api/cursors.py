"""Where the next page of a list begins: sealed, so that it is good for one asker and list only."""

from __future__ import annotations

import base64
import binascii
import json

from safeguards.vault import Unreadable
from wearable_agg.api.problems import bad_request
from wearable_agg.api.routes import Call


def made(call: Call, listed: str, after: tuple[int, str]) -> str:
    """Return a cursor for what follows `after`, the sort key of the last item shown."""
    sealed = call.backend.vault.seal(json.dumps(after).encode(), bound_to=_place(call, listed))
    return base64.urlsafe_b64encode(sealed).decode()


def read(call: Call, listed: str) -> tuple[int, str] | None:
    """Return the key after which the page begins, None for the first; raises Problem 400."""
    given = call.values["cursor"]
    if not given:
        return None
    try:
        sealed = base64.b64decode(given, altchars=b"-_", validate=True)
        at, name = json.loads(call.backend.vault.unseal(sealed, bound_to=_place(call, listed)))
    except (binascii.Error, ValueError, Unreadable) as error:
        raise bad_request("cursor is not one of this list's.") from error
    return at, name


def _place(call: Call, listed: str) -> str:
    asker = call.asker
    return f"{asker.tenant}|cursor|{listed}|{asker.issuer}|{asker.patient}|{asker.user}"
