"""Reading the form on a page, as a browser would send it."""

from __future__ import annotations

from html.parser import HTMLParser


class Form(HTMLParser):
    """The first form of a page: where it goes, how, and its own fields."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.action, self.method = "", ""
        self.fields: dict[str, str] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attrs}
        if tag == "form" and not self.method:
            self.method, self.action = known.get("method", "get"), known.get("action", "")
        if tag == "input" and self.method:
            self.fields[known["name"]] = known.get("value", "")
