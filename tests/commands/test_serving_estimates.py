"""The command's own server draws samples, at a place that its secret tells."""

from __future__ import annotations

from argparse import Namespace
from contextlib import closing
from pathlib import Path

import pytest
from litestar.testing import TestClient

from aboveboard.collector.service import Collector
from aboveboard.commands.server import server
from aboveboard.insights import sampling
from tests.insights.population import FEW, among, fill, population

WORDS = Namespace(admin_secret=None, host="127.0.0.1", base_path="", public_url="")


def test_an_answer_of_the_server_is_an_estimate_over_much_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, most in (("LOOKED_AT", 1), ("INSTALLS_LEAST", 0), ("SESSIONS_MOST", 1)):
        monkeypatch.setattr(sampling, name, most)
    monkeypatch.setattr(sampling, "ONE_IN_MOST", 2)
    with closing(Collector(tmp_path)) as collector:
        collector.add_project("aider", FEW)
        fill(collector.warehouse, "aider", FEW, among(FEW, population(installs=40)))
        place = sampling.place_of(collector.register.signing_key())
        with TestClient(server.application(collector, WORDS, ()), "http://127.0.0.1") as client:
            told = client.get("/insights/models.json?since=2026-09-01&until=2026-10-31").json()
            sql = client.get("/insights/models.sql?since=2026-09-01&until=2026-10-31").text
    assert told["one_in"] == 2
    assert f"BETWEEN {sampling.Sampling(2, place).keys()[0]} AND" in sql
