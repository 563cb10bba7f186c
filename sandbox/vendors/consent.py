"""The vendors' consent page: who are you, and may this app read your data?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode, urlsplit

from flask import Response, render_template_string

from sandbox.wearer.people import WEARERS

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{{ vendor }} (simulated)</title>
<style>
 body { font: 16px/1.5 system-ui, sans-serif; max-width: 28rem; margin: 3rem auto; padding: 0 1rem }
 fieldset { border: 1px solid #ccc; border-radius: 8px; margin: 0 0 1rem }
 label { display: block; padding: .25rem 0 }
 button { font: inherit; padding: .5rem 1.25rem; border-radius: 6px; border: 1px solid #888 }
 .primary { background: #0b57d0; border-color: #0b57d0; color: #fff }
</style>
<h1>{{ vendor }}</h1>
<p>Simulated account page. <strong>{{ client }}</strong> asks to read health data.</p>
<form method="post">
<fieldset><legend>Account</legend>
{% for id, name in users %}
<label><input type="radio" name="user" value="{{ id }}" {{ "checked" if loop.first }}>
{{ name }}</label>
{% endfor %}
</fieldset>
<fieldset><legend>Data</legend>
{% for scope in scopes %}
<label><input type="checkbox" name="scope" value="{{ scope }}" checked> {{ scope }}</label>
{% endfor %}
</fieldset>
<button class="primary" name="approve" value="1">Allow</button>
<button name="deny" value="1">Cancel</button>
</form>
</html>"""


def consent_page(vendor: str, client: str, users: Sequence[str], scopes: Sequence[str]) -> str:
    """Return the page; its form posts `user`, `scope` (several) and `approve` or `deny`."""
    return render_template_string(
        _PAGE,
        vendor=vendor,
        client=client,
        users=[(user, WEARERS[user].name) for user in users],
        scopes=scopes,
    )


def back_to_app(redirect_uri: str, parameters: Mapping[str, str]) -> Response:
    """Send the browser back to the app with these parameters added."""
    joint = "&" if urlsplit(redirect_uri).query else "?"
    return Response("", 303, {"Location": f"{redirect_uri}{joint}{urlencode(parameters)}"})


def refusal(reason: str) -> Response:
    """Refuse on the page itself: the app's address cannot be trusted."""
    return Response(reason, 400, mimetype="text/plain")
