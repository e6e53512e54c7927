"""Tables are sorted, searched and shortened by their address, without scripts."""

from __future__ import annotations

import re

import pytest

from tests.dashboard.conftest import Site

PERIOD = "since=2026-09-20&until=2026-10-19"


def names(page: str) -> list[str]:
    return [
        re.sub("<[^>]*>", "", cell)
        for cell in re.findall(r'<td class="code">(.*?)</td>', page, re.DOTALL)
    ]


class TestATable:
    """Of one insight."""

    def test_it_is_sorted_by_a_column_in_either_direction(self, site: Site) -> None:
        rows = site.get(f"/insights/models.json?{PERIOD}").json()["rows"]
        costs = {row[0] or "not public": row[-1] for row in rows}

        down, up = (
            names(site.get(f"/insights/models?{PERIOD}&sort={way}messages").text)
            for way in ("-", "")
        )

        assert len(down) == len(costs) == len(rows)
        assert down == [row[0] or "not public" for row in rows]
        assert up == down[::-1]

    def test_it_says_how_it_is_sorted_and_links_the_other_way(self, site: Site) -> None:
        page = site.get(f"/insights/models?{PERIOD}&sort=-cost").text

        assert page.count('aria-sort="descending"') == 1
        assert f"/insights/models?{PERIOD.replace('&', '&amp;')}&amp;sort=cost" in page

    def test_what_is_looked_for_is_found_in_names(self, site: Site) -> None:
        found = names(site.get(f"/insights/models?{PERIOD}&find=GPT").text)
        nothing = site.get(f"/insights/models?{PERIOD}&find=nobody").text

        assert found
        assert all("gpt" in name for name in found)
        assert "Nothing here is named so." in nothing

    def test_a_long_one_is_shown_in_part_and_whole_if_asked_for(self, site: Site) -> None:
        path = "/insights/adoption?since=2026-09-01&until=2026-10-31"
        part, whole = site.get(path).text, site.get(f"{path}&rows=all").text
        rows = site.get(path.replace("adoption", "adoption.json")).json()["rows"]

        assert len(rows) > 50
        assert len(names(part)) == 50
        assert f"Show {len(rows) - 50} more" in part
        assert len(names(whole)) == len(rows)

    @pytest.mark.parametrize("column", ["nothing", "--cost", "<b>"])
    def test_a_column_that_is_not_there_is_refused(self, site: Site, column: str) -> None:
        answer = site.get(f"/insights/models?{PERIOD}&sort={column}")

        assert answer.status_code == 400
        assert "is no column here: use one of model, messages" in answer.text


def test_its_sql_has_the_values_in_it_and_runs_elsewhere(site: Site) -> None:
    answer = site.get(f"/insights/models.sql?{PERIOD}&os=Linux&project=aider")

    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.text.startswith("-- Which models answer")
    assert "toDate('2026-09-20')" in answer.text
    assert "'Linux'" in answer.text
    assert not re.search(r"\{[a-z_0-9]+:[A-Z]", answer.text)
    rows = site.warehouse.query(answer.text.replace("toDate(time)", "toDate(time)")).rows
    shown = site.get(f"/insights/models.json?{PERIOD}&os=Linux&project=aider").json()["rows"]
    assert [row[0] for row in rows] == [row[0] for row in shown]


def test_a_page_is_compressed_where_that_is_understood(site: Site) -> None:
    page = "/insights/adoption?since=2026-09-01&until=2026-10-31&rows=all"
    packed = site.get(page, **{"accept-encoding": "gzip"})
    plain = site.get(page, **{"accept-encoding": "identity"})

    assert packed.headers["content-encoding"] == "gzip"
    assert packed.text == plain.text
    assert int(packed.headers["content-length"]) < len(plain.content) / 5
    assert "content-encoding" not in site.get("/set-up", **{"accept-encoding": "gzip"}).headers
