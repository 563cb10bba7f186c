"""Callbacks of the page as a browser would send them, made from what Dash says of itself."""

from __future__ import annotations

import json
from typing import Any

Values = dict[str, Any]
VIEWPORT = {"width": 1280, "dark": False, "theme": "light", "compact": False, "visit": "v1"}


def answered_by_the_server(dependencies: Any) -> list[Values]:
    """The callbacks among Dash's dependencies that do not run in the browser."""
    return [entry for entry in dependencies if not entry.get("clientside_function")]


def values_of(finding: str) -> Values:
    """What the page would send that names a finding, or asks for something of a patient."""
    button = {"decision": "acknowledged", "finding": finding, "type": "decide", "version": 1}
    note = {"finding": finding, "type": "note"}
    return {
        "viewport.data": VIEWPORT,
        "range.data": "90",
        "table-range.data": "90",
        "tick.data": 1,
        "revision.data": None,
        "newest.data": finding,
        "chosen.data": finding,
        "invite.n_clicks": 1,
        "decide.n_clicks": [{"id": button, "property": "n_clicks", "value": 1}],
        "note.id": [{"id": note, "property": "id", "value": note}],
        "note.value": [{"id": note, "property": "value", "value": "seen"}],
    }


def body_of(entry: Values, path: str, values: Values) -> Values:
    """The body of a callback sent from the page at `path`, with `values` for what it passes."""
    names = [name.rpartition(".") for name in entry["output"].strip(".").split("...")]
    outputs = [{"id": name[0], "property": name[2]} for name in names]
    changed = [f"{wire['id']}.{wire['property']}" for wire in entry["inputs"]][-1]
    if "decide" in changed:
        [button] = values["decide.n_clicks"]
        changed = _as_dash_writes(button["id"]) + ".n_clicks"
    parts = {
        part: [_value(wire, path, values) for wire in entry[part]] for part in ("inputs", "state")
    }
    several = entry["output"].startswith("..")
    return {
        "output": entry["output"],
        "outputs": outputs if several else outputs[0],
        "changedPropIds": [changed],
        **parts,
    }


def _value(wire: Values, path: str, values: Values) -> Any:
    name = f"{wire['id']}.{wire['property']}"
    if "{" in wire["id"]:
        kind = "decide" if "decide" in wire["id"] else "note"
        return values[f"{kind}.{wire['property']}"]
    return {**wire, "value": path if name == "url.pathname" else values.get(name)}


def _as_dash_writes(identifier: Values) -> str:
    return json.dumps(identifier, sort_keys=True, separators=(",", ":"))
