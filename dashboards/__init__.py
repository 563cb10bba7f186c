"""What clinicians look at: figures, layouts and thin callbacks over `dashboards.services`."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dash import Dash
    from flask import Flask

    from dashboards.services import Services


def mount(server: "Flask", services: "Services") -> "Dash":
    """Put the page on a Flask application under /c/; every page is /c/<context>/.

    The caller guards each request, sets the cookies and headers, and may ask the returned
    application for `csp_hashes()`.
    """
    # Whoever implements the services needs their types, not Dash and pandas.
    from dashboards.page import build

    return build(server, services)
