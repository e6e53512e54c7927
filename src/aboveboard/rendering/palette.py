"""The palette: every colour, light and dark, declared once in `palette.css`."""

from __future__ import annotations

import functools
import re
from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_COLOR = re.compile(r"--([a-z-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)")


@functools.cache
def css() -> str:
    """Return the palette as a stylesheet: the custom properties that other stylesheets name."""
    return resources.files(__package__).joinpath("palette.css").read_text("utf-8")


@functools.cache
def palette(theme: str) -> Mapping[str, str]:
    """Return the colours of a theme, `light` or `dark`, by name: what a chart is drawn with."""
    dark = theme == "dark"
    return {name: night if dark else day for name, day, night in _COLOR.findall(css())}
