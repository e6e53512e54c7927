"""The stock aider that these tests read and run, from its own environment."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import ROOT, missing
from tests.hosts.aider.runs import Runs, run_all


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


@pytest.fixture(scope="session")
def runs(stock_aider: StockAider, tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """Three runs as aider comes and three under aboveboard, and what the collector has of them."""
    return run_all(stock_aider, tmp_path_factory.mktemp("runs"))
