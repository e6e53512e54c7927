"""What is published is counted alike in each form of a warehouse, whatever its profile says."""

from __future__ import annotations

import pytest

from aboveboard.publishing import counting, periods, tables
from aboveboard.warehouse import Warehouse
from tests.insights.forms import PROJECT
from tests.insights.forms import forms as forms

OCTOBER = periods.of_name("2026-10")
NAMES = ["app_version", "os", "python_version", "message_send.main_model", "command.command=2"]


@pytest.mark.thorough
def test_embedded_in_a_server_and_on_shards(forms: list[Warehouse]) -> None:
    shared = tables.chosen(tables.offered(PROJECT.catalog, ["0.86.1", "0.86.2"]), NAMES)
    found = [counting.all_counts(each, PROJECT.name, OCTOBER, shared) for each in forms]
    assert found[0][0] > 50
    assert all(sum(counts) > 10 for counts in found[0][1])
    assert found[1:] == found[:1] * 2
