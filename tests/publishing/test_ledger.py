"""The ledger keeps what was published, and what it spent, whatever happens."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aboveboard.collector.transfer import store
from aboveboard.publishing import ledger as ledgers
from aboveboard.publishing import periods, site, writing
from aboveboard.publishing import release as releases
from aboveboard.publishing.content.about import About
from aboveboard.publishing.ledger import Ledger, LedgerError
from aboveboard.publishing.release import ReleaseError
from tests.conftest import examples
from tests.publishing.releases import release
from tests.publishing.sites import CATALOG


def test_a_backup_takes_it() -> None:
    """Neither room may import the other."""
    assert ledgers.DIRECTORY == store.PUBLISHED


def test_what_is_kept_is_there_the_next_time(tmp_path: Path) -> None:
    with Ledger.locked(tmp_path, "tool") as ledger:
        ledger.keep(release("2026-10"))
        ledger.keep(release("2026-08", rho=0.1))
    with Ledger.locked(tmp_path, "tool") as ledger:
        assert [each.period for each in ledger.all()] == ["2026-08", "2026-10"]
        assert [each.rho for each in ledger.spent()] == [0.1, 0.05]
        assert ledger.get(periods.of_name("2026-10")) == release("2026-10")


@pytest.mark.parametrize("period", ["2026-10", "2026-W44", "2026-W40"])
def test_no_day_is_published_twice(tmp_path: Path, period: str) -> None:
    with Ledger.locked(tmp_path, "tool") as ledger:
        ledger.keep(release("2026-10"))
        with pytest.raises(LedgerError, match="2026-10 is out already"):
            ledger.keep(release(period, installs=1))
        assert ledger.all() == [release("2026-10")]


def test_one_process_has_it_at_a_time(tmp_path: Path) -> None:
    with Ledger.locked(tmp_path, "tool"):
        with (
            pytest.raises(LedgerError, match="being published by another process"),
            Ledger.locked(tmp_path, "tool"),
        ):
            pass
        with Ledger.locked(tmp_path, "other"):
            pass


def test_a_damaged_entry_stops_everything_and_is_named(tmp_path: Path) -> None:
    with Ledger.locked(tmp_path, "tool") as ledger:
        ledger.keep(release())
    file = tmp_path / "published" / "tool" / "2026-10.json"
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(LedgerError, match=r"2026-10\.json is no release.*put it back"):
        Ledger(tmp_path, "tool")


class TestWhatASiteHas:
    """The data directory was put back from an older copy: the site remembers what was spent."""

    def write(self, out: Path, *made: releases.Release) -> None:
        writing.write(out, site.files(CATALOG, made, About("CC0-1.0")))

    def test_it_is_taken_into_the_ledger(self, tmp_path: Path) -> None:
        self.write(tmp_path / "out", release("2026-09"), release("2026-10"))
        ledger = Ledger(tmp_path, "tool")
        ledger.keep(release("2026-09"))
        assert ledger.take_up(tmp_path / "out") == ["2026-10"]
        assert Ledger(tmp_path, "tool").get(periods.of_name("2026-10")) == release("2026-10")

    def test_other_numbers_of_one_period_are_refused(self, tmp_path: Path) -> None:
        self.write(tmp_path / "out", release("2026-10", installs=901))
        ledger = Ledger(tmp_path, "tool")
        ledger.keep(release("2026-10"))
        with pytest.raises(LedgerError, match="has other numbers of 2026-10 than the ledger"):
            ledger.take_up(tmp_path / "out")

    def test_the_site_of_another_project_is_refused(self, tmp_path: Path) -> None:
        self.write(tmp_path / "out", release())
        with pytest.raises(LedgerError, match="is the site of tool"):
            Ledger(tmp_path, "other").take_up(tmp_path / "out")


@settings(max_examples=examples(40))
@given(st.binary(max_size=80) | st.integers(0, 400).map(lambda at: releases.encode(release())[:at]))
def test_no_bytes_are_taken_for_a_release_that_are_none(content: bytes) -> None:
    with pytest.raises(ReleaseError, match=r"^file is no release"):
        releases.decode(content, "file")


@pytest.mark.parametrize(
    "changed",
    [
        {"format": 2},
        {"period": "2026-11"},
        {"rho": -1.0},
        {"scale": 1e300},
        {"installs": 2**63},
        *(
            {"tables": [{"name": name, "title": "", "doc": "", "cap": 1, "keys": ["x"]} | counts]}
            for name, counts in (
                ("a", {"counts": []}),
                ("a", {"counts": [-(2**63)]}),
                ("../../../a", {"counts": [1]}),  # of a site into which somebody else may write
            )
        ),
    ],
)
def test_a_release_that_does_not_hold_together_is_refused(changed: dict[str, object]) -> None:
    told = {**msgspec.to_builtins(release()), **changed}
    with pytest.raises(ReleaseError):
        releases.decode(msgspec.json.encode(told), "file")
    assert releases.decode(releases.encode(release()), "file") == release()


@pytest.mark.parametrize("name", ["2026-09.json", "z.json"])
def test_an_entry_under_another_name_is_refused(tmp_path: Path, name: str) -> None:
    with Ledger.locked(tmp_path, "tool") as ledger:
        ledger.keep(release("2026-10"))
    (there,) = (tmp_path / ledgers.DIRECTORY / "tool").glob("*.json")
    there.with_name(name).write_bytes(there.read_bytes())
    with pytest.raises(LedgerError, match="is 2026-10 of tool"), Ledger.locked(tmp_path, "tool"):
        pass
