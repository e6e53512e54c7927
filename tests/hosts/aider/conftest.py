"""The stock aider that these tests read and run, from its own environment."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import ROOT, missing


@dataclass(frozen=True)
class StockAider:
    """An aider from its package index, untouched."""

    python: Path
    packages: Path

    @property
    def source(self) -> Path:
        return self.packages / "aider"


@pytest.fixture(scope="session")
def stock_aider() -> StockAider:
    """aider as `tools/environment.py aider` installs it."""
    environment = ROOT / ".cache" / "aider"
    sources = list(environment.glob("lib/python3.*/site-packages/aider/main.py"))
    if not sources or not (environment / "ready").exists():
        missing("a stock aider (python tools/environment.py aider installs one)")
    return StockAider(environment / "bin/python", sources[0].parents[1])
