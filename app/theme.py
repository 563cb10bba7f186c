"""The EHR's look put into the page's own terms, as far as everything stays readable.

Only the page's ground, text, accent, corners, spacing and fonts follow the EHR. Colours that
carry data never do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from smart.styles import Rgb, Style, colour, contrast, luminance

READABLE = 4.5  # WCAG 2.2, success criterion 1.4.3

# The page's own colours, as dashboards/assets/app.css has them (a test compares).
SCHEMES: Mapping[str, Mapping[str, str]] = {
    "light": {
        "ink": "#17212b",
        "muted": "#55606e",
        "surface": "#ffffff",
        "canvas": "#f3f5f7",
        "accent": "#1f4e79",
        "alert-wash": "#fff3ea",
        "review-wash": "#fff8dc",
    },
    "dark": {
        "ink": "#e8edf2",
        "muted": "#a3afbb",
        "surface": "#151b22",
        "canvas": "#0e1318",
        "accent": "#8ec1f0",
        "alert-wash": "#2c1d12",
        "review-wash": "#272312",
    },
}
TOKENS = {"canvas": "color_background", "ink": "color_text", "accent": "color_highlight"}
ON = {  # text, and every ground it stands on
    "ink": ("surface", "canvas", "alert-wash", "review-wash"),
    "muted": ("surface", "canvas"),
    "accent": ("surface", "canvas"),
}
# what the page can bear, in px
RADIUS, FONT_SIZE, SPACING = (0.0, 16.0), (12.0, 18.0), (4.0, 24.0)
GENERIC = frozenset({"serif", "sans-serif", "monospace", "system-ui", "cursive", "fantasy"})


def stylesheet(style: Style) -> str:
    """CSS that follows on the page's own; "" where there is nothing to follow."""
    return "\n".join([*_colours(style), *_lengths(style), *_fonts(style)])


def _colours(style: Style) -> Iterator[str]:
    """The colours for the scheme they suit: a light ground leaves the dark page as it is."""
    scheme = _scheme(style)
    own = _own(scheme)
    chosen = _chosen(style, own)
    changed = {token: shade for token, shade in chosen.items() if shade != own[token]}
    if changed:
        tokens = " ".join(f"--{token}: {_hex(shade)};" for token, shade in changed.items())
        yield f"@media (prefers-color-scheme: {scheme}) {{ :root {{ {tokens} }} }}"


def _scheme(style: Style) -> str:
    """By the ground; without one by the text, which is dark on a light ground."""
    ground, text = (style.colours.get(TOKENS[token]) for token in ("canvas", "ink"))
    if ground is None:
        return "dark" if text is not None and luminance(text) > 0.4 else "light"
    return "light" if luminance(ground) > 0.4 else "dark"


def _own(scheme: str) -> dict[str, Rgb]:
    shades = {token: colour(shade) for token, shade in SCHEMES[scheme].items()}
    return {token: shade for token, shade in shades.items() if shade is not None}


def _chosen(style: Style, own: Mapping[str, Rgb]) -> dict[str, Rgb]:
    """Our colours with as many of the EHR's as stay readable together, ground and text first."""
    wanted = {token: style.colours[key] for token, key in TOKENS.items() if key in style.colours}
    pair = {name: shade for name, shade in wanted.items() if name != "accent"}
    chosen = {**own, **pair}
    if not _readable(chosen):
        chosen = dict(own)
    for token, shade in wanted.items():
        attempt = {**chosen, token: shade}
        chosen = attempt if _readable(attempt) else chosen
    return chosen


def _readable(shades: Mapping[str, Rgb]) -> bool:
    return all(
        contrast(shades[text], shades[ground]) >= READABLE
        for text, grounds in ON.items()
        for ground in grounds
    )


def _lengths(style: Style) -> Iterator[str]:
    lengths = style.lengths
    if "dim_border_radius" in lengths:
        yield f":root {{ --radius: {_within(lengths['dim_border_radius'], RADIUS)}; }}"
    if "dim_font_size" in lengths:
        yield f"body {{ font-size: {_within(lengths['dim_font_size'], FONT_SIZE)}; }}"
    if "dim_spacing_size" in lengths:
        yield f"main {{ gap: {_within(lengths['dim_spacing_size'], SPACING)}; }}"


def _fonts(style: Style) -> Iterator[str]:
    for selector, name in (("body", "font_family_body"), ("h1, h2", "font_family_heading")):
        if name in style.fonts:
            families = ", ".join(map(_family, style.fonts[name]))
            yield f"{selector} {{ font-family: {families}; }}"


def _family(name: str) -> str:
    return name.lower() if name.lower() in GENERIC else f'"{name}"'


def _within(pixels: float, bounds: tuple[float, float]) -> str:
    low, high = bounds
    return f"{min(max(pixels, low), high):g}px"


def _hex(shade: Rgb) -> str:
    return "#{:02x}{:02x}{:02x}".format(*shade)
