"""HTML from templates: what is filled in is escaped, and a misspelt name raises."""

from __future__ import annotations

import jinja2


def templates(package: str) -> jinja2.Environment:
    """Return the templates of a package, from its folder `templates/`."""
    return jinja2.Environment(
        loader=jinja2.PackageLoader(package),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
