"""docs/openapi.json is true: of every route a stranger has, whatever is sent to it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.collector.tool import Server, add_project

pytest_plugins = ["schemathesis.pytest.plugin"]  # here alone: it takes a second to load

pytestmark = pytest.mark.thorough

EXAMPLES = 1000 if os.environ.get("ABOVEBOARD_LONG") else 25
DESCRIPTION = json.loads((Path(__file__).parents[3] / "docs/openapi.json").read_text("utf-8"))
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
SCHEMA = schemathesis.openapi.from_dict(DESCRIPTION)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, str]]:
    data = tmp_path_factory.mktemp("described")
    key = add_project(data)
    server = Server(data)
    yield server, key
    code, said = server.stop()
    # Of all that is sent, one word: that keys came which nobody knows.
    assert code == 0
    assert [line for line in said.splitlines() if "write key that is unknown" not in line] == []


@SCHEMA.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_as_it_is_described(
    case: schemathesis.Case[Any], running: tuple[Server, str]
) -> None:
    server, key = running
    told = case.operation.definition.raw.get("security")
    headers = {"Authorization": f"Bearer {key}"} if told else {}
    case.call_and_validate(
        base_url=f"http://127.0.0.1:{server.port}", headers=headers, checks=CHECKS
    )
