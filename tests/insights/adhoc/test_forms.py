"""A question that somebody has written has the same answer, and the same bounds, on every form."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from aboveboard.insights.adhoc import asking
from aboveboard.warehouse import QueryLimitError, WarehouseError, embedded
from aboveboard.warehouse.limits import Limits
from tests.clickhouse.forms import SERVER, SHARDS, form
from tests.insights.adhoc.attacks import every
from tests.insights.adhoc.place import PLAIN, Place, refusal

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.parametrize("place", [SERVER, SHARDS], indirect=True),
]


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    with form(request, tmp_path) as url:
        found = Place(tmp_path, url)
        with closing(found.warehouse):
            yield found


def test_no_way_out_is_let_through_on_a_server_or_a_cluster(place: Place) -> None:
    texts = every(str(place.file), str(place.out))
    assert [text for text in texts if refusal(place, text) is None] == []
    assert not place.out.exists()


def test_plain_questions_have_the_answers_of_an_embedded_warehouse(
    place: Place, tmp_path: Path
) -> None:
    directory = tmp_path / "embedded"
    directory.mkdir()
    here = Place(directory, embedded(directory / "warehouse"))
    with closing(here.warehouse):
        for text in PLAIN:
            if "LIMIT 1" in text:  # any row of many
                assert '"rows":' in place.ask(text)
            else:
                assert place.ask(text) == here.ask(text), text


def test_what_needs_too_much_is_stopped_there_too(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "LIMITS", replace(asking.LIMITS, seconds=1, memory=256 << 20))
    with pytest.raises(QueryLimitError, match="rows"):
        place.ask("SELECT arrayJoin(range(20000))")
    with pytest.raises(QueryLimitError, match="MiB of memory"):
        place.ask("SELECT groupArray(x) FROM (SELECT arrayJoin(range(90000000)) AS x)")
    assert place.ask("SELECT 1")


def test_the_connection_itself_only_reads(place: Place) -> None:
    with pytest.raises(WarehouseError):
        place.warehouse.read_only("DROP TABLE project_aider.sessions", Limits())
    with pytest.raises(WarehouseError):
        place.warehouse.read_only(f"SELECT * FROM file('{place.file}', 'LineAsString')", Limits())
