"""`aboveboard publish`: a site of what is shared, drawn once."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aboveboard.catalog.catalog import Catalog
from aboveboard.collector.projects.project import shipped_catalog
from aboveboard.collector.projects.registry import Projects
from aboveboard.collector.service import Collector
from aboveboard.commands import main
from aboveboard.commands.answers import publisher
from aboveboard.publishing import periods
from aboveboard.publishing.tables import PropertyTable
from tests.insights.population import FEW, among, fill, population

TODAY = datetime.now(UTC).date()
MONTH = periods.settled(periods.MONTH, TODAY)
BEFORE = periods.month(MONTH.since - timedelta(days=1))
TABLES = "os,message_send.edit_format,command.command=3"


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory: Path = tmp_path_factory.mktemp("data")
    with closing(Collector(directory)) as collector:
        collector.add_project("aider", FEW)
        happened = population(installs=40, days=60, until=MONTH.until)
        fill(collector.warehouse, "aider", FEW, among(FEW, happened))
    return directory


@pytest.fixture
def data(filled: Path) -> Path:
    """The same data, with a ledger in which there is nothing yet."""
    for file in filled.glob("published/aider/*"):
        file.unlink()
    return filled


def publish(
    data: Path, out: Path, capsys: pytest.CaptureFixture[str], *words: str
) -> tuple[int, str, str]:
    code = main(["publish", str(out), "--project", "aider", "--data", str(data), *words])
    told = capsys.readouterr()
    return code, told.out, told.err


def latest(out: Path) -> dict[str, object]:
    told: dict[str, object] = json.loads((out / "v1/latest.json").read_bytes())
    return told


def test_what_a_catalog_says_moves_no_cursor_of_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    doc = "the system\x1b[2J\nos  4 values, 1 an install  made up"
    publisher._list({"os": PropertyTable("os", "", doc, "sessions", "os", ("Linux", "other"), 1)})
    said = capsys.readouterr().out
    assert "\x1b" not in said
    assert len(said.splitlines()) == 1


def test_a_site_is_made_and_made_again_with_the_same_numbers(
    data: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    code, said, err = publish(data, out, capsys, "--tables", TABLES)
    assert (code, err) == (0, "")
    days = f"{MONTH.name} ({MONTH.since} to {MONTH.until})"
    assert said == (
        f"{out}: {days} is drawn once, and spends rho = 0.05\n"
        f"{out}: {MONTH.name} is new: it spent rho = 0.05\n"
    )
    first = (out / "v1/releases" / f"{MONTH.name}.json").read_bytes()
    told = latest(out)
    assert told["period"] == MONTH.name
    assert 0.0499 < float(str(told["rho"])) <= 0.05

    other = tmp_path / "other"  # another place, another moment: the ledger's numbers
    code, said, err = publish(data, other, capsys, "--tables", "os")
    assert (code, said) == (0, f"{other}: {MONTH.name} is out already, and its numbers stay\n")
    assert (other / "v1/releases" / f"{MONTH.name}.json").read_bytes() == first
    code, said, err = publish(data, other, capsys, "--tables", "arch")
    assert code == 0, "a run on a schedule goes on"
    assert "is out without arch, and is not drawn again: the next period has it\n" in err
    words = ("--tables", "arch", "--period", MONTH.name)
    assert publish(data, other, capsys, *words)[0] == 2
    assert (other / "v1/releases" / f"{MONTH.name}.json").read_bytes() == first


def test_a_sample_of_volunteers_is_checked_against_the_catalog(
    data: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    secret = "my secret"
    logs = [tmp_path / "ana.jsonl", tmp_path / "bo.jsonl"]
    for number, log in enumerate(logs):
        lines = [
            {
                "event": event,
                "properties": {"edit_format": word, "main_model": "gpt-4o", "own": secret},
                "user_id": f"user-{number}",
                "session": f"session-{number}",
                "time": 1_760_000_000 + each,
            }
            for each in range(700)
            for event, word in [("message_send", secret if each % 2 else "diff"), (secret, "diff")]
        ]
        log.write_text("".join(json.dumps(line) + "\n" for line in lines))
    words = [word for log in logs for word in ("--sample", str(log))]
    out = tmp_path / "out"
    code, _, err = publish(data, out, capsys, "--tables", "os", *words)
    assert code == 0
    assert "left out, events that are not in the catalog: " in err
    assert secret not in err
    text = (out / "v1/sample.jsonl").read_text()
    told = [json.loads(line) for line in text.splitlines()]
    assert len(told) == 1000
    assert not any(word in text for word in (secret, "user-", "session-"))
    assert len({line["user_id"] for line in told}) == 1
    assert len({line["session"] for line in told}) == 2
    assert {line["time"] for line in told} == {1_760_000_000 // 86_400 * 86_400}
    assert {line["properties"]["edit_format"] for line in told} == {"diff", None}
    assert json.loads((out / "v1/sample.json").read_bytes())["licence"] == "CC-BY-4.0"
    assert 'href="v1/sample.jsonl"' in (out / "index.html").read_text()

    other = tmp_path / "other"
    logs[0].write_text("[]\n")
    for log, said in ((logs[0], "is in the catalog of aider"), (tmp_path / "no", "cannot be read")):
        code, _, err = publish(data, other, capsys, "--sample", str(log))
        assert (code, said in err) == (1, True)
        assert not other.exists()


@pytest.mark.thorough
def test_a_data_directory_that_forgot_is_told_by_the_site(
    data: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert publish(data, out, capsys, "--tables", "os")[0] == 0
    first = latest(out)
    for file in data.glob("published/aider/*.json"):
        file.unlink()
    code, _, err = publish(data, out, capsys, "--tables", "os")
    assert code == 0
    assert "is taken into the ledger from" in err
    assert latest(out) == first


def test_the_policy_is_on_it_if_the_maker_has_stated_its_facts(
    data: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert publish(data, out, capsys, "--tables", "os")[0] == 0
    assert not (out / "policy.html").exists(), "aider's makers have not stated all of it here"
    facts = {
        "purpose": "to make it better",
        "controller": "Some Body, Some Street 1",
        "contact": "privacy@example.org",
        "recipients": ["Some Body"],
        "storage": "in Iceland",
        "retention": "13 months",
        "effective": "2026-11-01",
    }
    told = shipped_catalog("aider").as_json()
    about = told.get("about")
    assert about is None or isinstance(about, dict)
    told["about"] = {**(about or {}), **facts}
    with closing(Projects(data)) as projects:
        projects.add("aider", Catalog.from_json(told))
    assert publish(data, out, capsys, "--tables", "os")[0] == 0
    page = (out / "policy.html").read_text()
    assert "in Iceland" in page
    assert "<script" not in page
    assert 'href="policy.html"' in (out / "index.html").read_text()
    assert 'href="../policy.html"' in (out / f"periods/{MONTH.name}.html").read_text()
    with closing(Projects(data)) as projects:
        projects.add("aider", shipped_catalog("aider"))


def test_without_a_word_little_is_shared_and_what_could_be_is_listed(
    data: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, _, err = publish(data, tmp_path / "out", capsys)
    assert code == 0
    assert "nothing else is shared than you name" in err
    tables = latest(tmp_path / "out")["tables"]
    assert isinstance(tables, list)
    assert [each["name"] for each in tables] == ["os"]
    code, said, _ = publish(data, tmp_path / "nothing", capsys, "--list")
    assert code == 0
    assert "\ncommand.command  44 values, 8 an install  " in said
    assert said.endswith(f"next: nothing; {MONTH.name} is out already, and its numbers stay\n")
    assert not (tmp_path / "nothing").exists()


def test_the_year_has_an_end(
    data: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    words = ("--tables", "os", "--rho", "0.5", "--period")
    assert publish(data, out, capsys, *words, BEFORE.name)[0] == 0
    code, _, err = publish(data, out, capsys, *words, MONTH.name)
    assert code == 2
    assert "may spend 0.8 and have 0.3 left" in err
    assert latest(out)["period"] == BEFORE.name


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--tables", "odd"), "'odd' is no table of this project: use os"),
        (("--tables", "app_version"), "name them with --versions"),
        (("--versions", "1.0,x y"), "'x y' is no version"),
        (("--period", "now"), "'now' is no period"),
        (("--period", "2001-01"), "is older than what is kept"),
        (("--period", periods.month(TODAY).name), "is not over, or its late events are not in"),
        (("--period", "2001-01", "--every", "week"), "--period 2001-01 is no week"),
        (("--tables", f"os={'9' * 5000}"), "a cap is a number from 1 to 20"),
        (("--tables", ""), "--tables is empty"),
        (("--tables", "os", "--versions", " ,"), "--versions is empty"),
        (("--period", ""), "--period is empty"),
        (("--rho", "0"), "--rho is a number"),
        (("--rho", "nan"), "--rho is a number"),
        (("--rho", "0.9"), "may spend 0.8"),
        (("--k", "10"), "--k goes with --exact"),
        (("--exact", "--k", "2"), "--k is 5 or more"),
        (
            ("--exact", "--tables", "os,reply.edit_format,message_send.edit_format"),
            "reply.edit_format and message_send.edit_format have the same values",
        ),
        (("--exact", "--rho", "1"), "--rho goes with noise"),
        (("--opted-in", "0"), "--opted-in is a number of percent"),
        (("--licence", "a b"), "--licence is an SPDX name"),
    ],
)
def test_what_cannot_be_published_is_said_in_a_line(
    data: Path,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    words: tuple[str, ...],
    said: str,
) -> None:
    code, out, err = publish(data, tmp_path / "out", capsys, *words)
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1
    assert len(err) < 2_000
    assert not list(data.glob("published/aider/*.json"))


def test_nothing_is_spent_on_a_month_before_there_was_anything(
    data: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    empty = periods.month(BEFORE.since - timedelta(days=40))
    first = periods.month(MONTH.until - timedelta(days=60))
    code, said, err = publish(data, out, capsys, "--period", empty.name)
    assert (code, said, err.count("\n")) == (2, "", 1)
    assert f"{empty.name} is over before the first event of aider, on " in err
    assert err.endswith(f"the first to publish is {first.name}\n")
    assert f"\nnext: {MONTH.name} ({MONTH.since} to " in publish(data, out, capsys, "--list")[1]
    assert not out.exists()
    assert not list(data.glob("published/aider/*.json"))


def test_a_project_without_an_event_spends_nothing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with closing(Projects(tmp_path)) as projects:
        projects.add("aider", shipped_catalog("aider"))
    code, said, err = publish(tmp_path, tmp_path / "out", capsys)
    assert (code, said, err.count("\n")) == (2, "", 1)
    assert f"aider has no event yet: {MONTH.name} would be noise alone" in err
    assert not (tmp_path / "out").exists()


class TestExactly:
    """`--exact`: small numbers are withheld, and no number is ever there with noise too."""

    def test_small_numbers_are_withheld(
        self, data: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        out = tmp_path / "out"
        code, said, _ = publish(data, out, capsys, "--exact", "--tables", TABLES, "--k", "5")
        assert (code, said.splitlines()[1:]) == (
            0,
            [f"{out}: {MONTH.name} is new: exact, numbers under 5 withheld"],
        )
        told = latest(out)
        assert (told["kind"], told["rho"], told["k"]) == ("exact", 0, 5)
        tables = told["tables"]
        assert isinstance(tables, list)
        numbers = [row["installs"] for table in tables for row in table["rows"]]
        assert None in numbers
        assert min(each for each in numbers if each is not None) >= 5
        page = (out / "index.html").read_text("utf-8")
        assert "withheld." in page
        assert "±" not in page

    @pytest.mark.parametrize("first", ["noise", pytest.param("exact", marks=pytest.mark.thorough)])
    def test_no_number_is_published_both_ways(
        self, data: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path, first: str
    ) -> None:
        out = tmp_path / "out"
        ways = {"noise": ("--tables", "os"), "exact": ("--tables", "os", "--exact")}
        second = "exact" if first == "noise" else "noise"
        assert publish(data, out, capsys, *ways[first])[0] == 0
        before = latest(out)
        code, _, err = publish(data, out, capsys, *ways[second])
        assert code == 2
        assert "both versions of a number together" in err
        week = periods.week(MONTH.since + timedelta(days=10)).name  # nor in parts
        code, _, err = publish(data, out, capsys, *ways[second], "--period", week)
        assert code == 2
        assert f"has days of {MONTH.name}, which is out already" in err
        assert latest(out) == before

    def test_so_few_installs_are_not_told(
        self, data: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        words = ("--exact", "--k", "50", "--tables", "os")
        code, _, err = publish(data, tmp_path / "out", capsys, *words)
        assert code == 2
        assert "fewer than 50 installs were active" in err
        assert not (tmp_path / "out").exists()


def test_the_collector_s_own_site_is_written_where_it_shows_it(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["publish", "--public", "--project", "aider", "--data", str(data), "--tables", "os"]
    assert main(words) == 0
    out = data / "public" / "aider"
    assert f"{out}: {MONTH.name} is new" in (said := capsys.readouterr().out)
    assert "`aboveboard projects set aider --public on`" in said
    assert (out / "index.html").is_file()
    assert out.parent.stat().st_mode & 0o777 == 0o700
    assert main(["projects", "set", "aider", "--public", "on", "--data", str(data)]) == 0
    assert "shown to everybody at /public/aider/\n" in capsys.readouterr().out
    assert main(words) == 0
    assert "--public on" not in capsys.readouterr().out
    for both in ([str(out), *words[1:]], [each for each in words[1:] if each != "--public"]):
        assert main(["publish", *both]) == 2
        assert capsys.readouterr().err.count("\n") == 1


def test_what_a_period_that_is_out_has_otherwise_is_told(
    data: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    first = ("--tables", "os,app_version,command.command=3", "--versions", "1.0", "--rho", "0.04")
    assert publish(data, out, capsys, *first)[0] == 0
    assert publish(data, out, capsys, *first)[::2] == (0, "")
    other = ("--tables", "app_version,command.command=4", "--versions", "1.0,1.1", "--rho", "0.05")
    code, _, err = publish(data, out, capsys, *other)
    assert (code, err.count("\n")) == (0, 1), "a run on a schedule goes on"
    assert f"{MONTH.name} is out with rho = 0.04, not 0.05; with the versions 1.0, (other); " in err
    assert "with command.command=3, not 4; with os as well, and its numbers stay" in err
    code, _, err = publish(data, out, capsys, *other, "--period", MONTH.name)
    assert (code, err.count("\n")) == (2, 1)


def test_numbers_that_were_drawn_before_a_site_could_be_written_are_the_ones_it_gets(
    data: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A full disk, a kill: between the ledger and the site nothing is drawn again."""
    (tmp_path / "file").write_text("")
    code, _, err = publish(data, tmp_path / "file" / "out", capsys, "--tables", "os")
    assert code == 2
    assert "cannot be written: " in err
    (kept,) = data.glob("published/aider/*.json")
    drawn = json.loads(kept.read_bytes())
    code, said, _ = publish(data, tmp_path / "out", capsys, "--tables", "os")
    assert (code, said.endswith("is out already, and its numbers stay\n")) == (0, True)
    file = tmp_path / "out" / "v1/releases" / f"{MONTH.name}.json"
    assert json.loads(file.read_bytes())["release"] == drawn
