"""axe-core, which looks through a page for what keeps somebody out."""

from __future__ import annotations

from importlib import resources, util
from typing import Literal

import pytest

from tests.conftest import missing

THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


@pytest.fixture(scope="module")
def axe() -> str:
    """axe-core's own text, which a package for Playwright carries."""
    if util.find_spec("axe_playwright_python") is None:
        missing("axe-core (the package axe-playwright-python)")
    return resources.files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
