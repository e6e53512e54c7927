"""The site: pages without a script, and data that programs read."""

from __future__ import annotations

import csv
import io
import json
import re

import pytest
from prometheus_client.parser import text_string_to_metric_families
from pyarrow import parquet

from aboveboard.publishing import estimates, site
from aboveboard.publishing.content import numbers
from aboveboard.publishing.content.about import About
from aboveboard.publishing.release import Release
from tests.publishing.releases import release
from tests.publishing.sites import ABOUT, CATALOG, EVERY


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return site.files(CATALOG, EVERY, ABOUT)


def test_no_page_has_a_script_or_loads_anything(files: dict[str, bytes]) -> None:
    pages = {name: text.decode() for name, text in files.items() if name.endswith(".html")}
    assert len(pages) == 7
    for name, text in pages.items():
        assert "<script" not in text, name
        assert "default-src 'none'" in text, name
        assert not re.search(r"<(?:img|link|iframe|object|embed)\b|url\(|@import|\son[a-z]+=", text)
        assert "<i>c</i>" not in text, "what a catalog says is text"
        assert "<b>word</b>" not in text
        assert "CC0-1.0" in text, name


def test_every_link_leads_to_a_file_of_the_site(files: dict[str, bytes]) -> None:
    for name, text in files.items():
        if not name.endswith(".html"):
            continue
        for target in re.findall(r'href="([^"#]+)"', text.decode()):
            whole = target.removeprefix("../") if name.startswith("periods/") else target
            assert name.startswith("periods/") == target.startswith("../") or "/" in target
            assert whole in files, (name, target)


def test_the_bias_is_said_before_any_number(files: dict[str, bytes]) -> None:
    page = files["index.html"].decode()
    bias = page.index("Opted-in installs are not all installs.")
    assert bias < page.index('class="big"')
    assert "12.0% said yes" in page
    unknown = site.files(CATALOG, EVERY, About("CC0-1.0"))["index.html"].decode()
    assert "said yes is not known" in unknown


def test_each_table_is_there_as_json_and_csv_with_its_licence(files: dict[str, bytes]) -> None:
    for made in EVERY:
        for table in made.tables:
            stem = f"v1/periods/{made.period}/{table.name}"
            told = json.loads(files[f"{stem}.json"])
            rows = list(csv.DictReader(io.StringIO(files[f"{stem}.csv"].decode())))
            assert tuple(rows[0]) == numbers.CSV_COLUMNS
            assert told["licence"] == "CC0-1.0"
            assert {row["licence"] for row in rows} == {"CC0-1.0"}
            assert (
                [row["key"] for row in rows] == [row["key"] for row in told["rows"]] == table.keys
            )
            assert [row["installs"] for row in told["rows"]] == table.counts
            assert [row["installs"] for row in rows] == [
                "" if each is None else str(each) for each in table.counts
            ]


def test_one_parquet_file_has_the_numbers_of_all_periods_and_its_licence(
    files: dict[str, bytes],
) -> None:
    read = parquet.read_table(io.BytesIO(files["v1/numbers.parquet"]))
    told = read.to_pylist()
    assert read.schema.metadata[b"licence"] == b"CC0-1.0"
    assert [each.name for each in read.schema] == [
        name for name in numbers.COLUMNS if name != "licence"
    ]
    active = {row["period"]: row for row in told if row["table"] == "installs"}
    assert {period: row["installs"] for period, row in active.items()} == {
        made.period: made.installs for made in EVERY
    }
    for made in EVERY:
        for table in made.tables:
            whole = json.loads(files[f"v1/periods/{made.period}/{table.name}.json"])
            rows = [
                row for row in told if (row["period"], row["table"]) == (made.period, table.name)
            ]
            for row, other in zip(rows, whole["rows"], strict=True):
                between = row.pop("share_sampling_low"), row.pop("share_sampling_high")
                assert other["share_sampling_95"] == (None if between[0] is None else [*between])
                assert {name: row[name] for name in other if name in row} == {
                    name: value for name, value in other.items() if name in row
                }
                assert row["kind"] == made.kind
    assert len(told) == len(EVERY) + sum(len(t.keys) for made in EVERY for t in made.tables)
    assert site.files(CATALOG, EVERY, ABOUT)["v1/numbers.parquet"] == files["v1/numbers.parquet"]


def test_every_column_of_the_flat_files_is_in_the_dictionary(files: dict[str, bytes]) -> None:
    assert tuple(numbers.COLUMNS)[: len(numbers.CSV_COLUMNS)] == numbers.CSV_COLUMNS
    page = files["dictionary.html"].decode()
    assert all(f"<dt><code>{name}</code></dt>" in page for name in numbers.COLUMNS)


def test_the_method_says_what_a_guess_may_gain_in_a_period_and_in_a_year(
    files: dict[str, bytes],
) -> None:
    text = files["method.html"].decode()
    assert "is right in at most 57.9 of 100 cases" in text
    assert "with the whole budget of a year spent, it is 82." in text


def test_of_a_long_list_the_periods_file_has_what_can_be_told_and_says_where_all_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(numbers, "SHORT", 3)
    files = site.files(CATALOG, [release()], ABOUT)
    system, word = json.loads(files["v1/latest.json"])["tables"]
    assert [row["key"] for row in system["rows"]] == ["Linux", "Darwin", "Windows"]
    assert len(json.loads(files[system["all_rows"]])["rows"]) == 4
    assert [row["installs"] for row in word["rows"]] == [200, 100, -3]


def test_every_file_of_data_names_its_licence(files: dict[str, bytes]) -> None:
    data = {name: content for name, content in files.items() if name.startswith("v1/")}
    assert len(data) > 15
    assert [name for name, content in data.items() if b"CC0-1.0" not in content] == []


def test_what_is_newest_is_told_in_a_small_file(files: dict[str, bytes]) -> None:
    told = json.loads(files["v1/recency.json"])
    assert told["period"] == "2026-10"
    assert told["periods"] == ["2026-08", "2026-09", "2026-10"]
    assert files["v1/latest.json"] == files["v1/periods/2026-10.json"]
    assert json.loads(files["v1/latest.json"])["opted_in_share"] == 0.12
    series = json.loads(files["v1/tables/os.json"])
    assert [each["period"] for each in series["periods"]] == told["periods"]
    assert series["installs"]["Windows"] == [40, None, 40]


def test_prometheus_reads_the_last_period(files: dict[str, bytes]) -> None:
    families = {
        each.name: each for each in text_string_to_metric_families(files["v1/metrics.txt"].decode())
    }
    told = {
        (sample.labels["table"], sample.labels["key"]): sample.value
        for sample in families["aboveboard_published_installs"].samples
    }
    assert told["installs", ""] == 900
    assert told["os", "other"] == -7
    assert told["say.word", 'a "b"\\'] == 200
    assert families["aboveboard_published_installs_noise"].samples[0].value == 12.5


class TestEstimates:
    """The two errors stand apart, and are made of what is published alone."""

    def row(self, made: Release, key: str) -> estimates.Row:
        return next(each for each in estimates.rows(made, made.tables[0]) if each.key == key)

    def test_the_noise_is_told_and_the_sampling_beside_it(self) -> None:
        row = self.row(release(), "Linux")
        assert row.noise == pytest.approx(24.5, abs=0.1)
        assert row.share == pytest.approx(500 / 900)
        assert row.share_noise == pytest.approx(
            1.96 * 12.5 * (1 + (5 / 9) ** 2) ** 0.5 / 900, rel=1e-3
        )
        assert row.sample_low == pytest.approx(0.523, abs=0.001)
        assert row.sample_high == pytest.approx(0.588, abs=0.001)
        low, high = row.low or 1.0, row.high or 0.0
        assert low < (row.sample_low or 0) < (row.sample_high or 1) < high

    def test_exact_numbers_have_no_noise(self) -> None:
        row = self.row(release(kind="exact"), "Linux")
        assert (row.noise, row.share_noise) == (0, 0)
        assert (row.low, row.high) == pytest.approx((row.sample_low, row.sample_high))
        assert self.row(release(kind="exact"), "Windows").installs is None

    def test_what_cannot_be_told_from_none_is_not_ranked(self) -> None:
        made = release()
        told = estimates.ranked(estimates.rows(made, made.tables[0]))
        assert [row.key for row in told] == ["Linux", "Darwin", "Windows"]

    def test_so_few_installs_have_no_shares(self) -> None:
        row = self.row(release(installs=40), "Linux")
        assert row.share is None
        assert (
            "so few"
            in site.files(CATALOG, [release(installs=-5)], ABOUT)["index.html"].decode().lower()
        )
