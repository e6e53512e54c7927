"""The pages as HTTP gives them: data in every format, links that keep filters, plain refusals."""

from __future__ import annotations

import csv
import functools
import gzip
import io
import re
from collections.abc import Callable
from typing import ClassVar
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from aboveboard import insights
from aboveboard.warehouse import Limits
from tests.conftest import in_turn
from tests.dashboard.conftest import Site
from tests.dashboard.page import Page
from tests.dashboard.paths import PERIOD
from tests.insights.population import AIDERS

FILTERS = f"{PERIOD}&version=0.86.0&os=Linux&project=aider"
INSIGHTS = [f"/insights/{each.name}" for each in AIDERS]
ALONE = [
    "/",
    *("/releases", "/models", "/usage", "/retention", "/trust", "/set-up"),
    *("/errors", "/catalog", "/quarantine", "/sql"),
]
PAGES = in_turn(
    [*ALONE, *INSIGHTS],
    [*ALONE, *(f"/insights/{name}" for name in ("models", "overview", "funnel", "events"))],
)


@pytest.fixture(scope="module")
def shown(site: Site) -> Callable[[str], httpx.Response]:
    """Give a page of the period as it is answered, asked for once."""
    return functools.cache(lambda path: site.get(f"{path}?{PERIOD}&project=aider"))


class TestPages:
    @pytest.mark.parametrize("path", PAGES)
    def test_every_page_answers_and_says_whom_it_speaks_for(
        self, shown: Callable[[str], httpx.Response], path: str
    ) -> None:
        answer = shown(path)

        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert answer.headers["cache-control"] == "no-store"
        assert "Opted-in installs are not all installs" in answer.text

    @pytest.mark.parametrize("path", PAGES)
    def test_a_page_loads_nothing_from_elsewhere_and_runs_nothing_inline(
        self, shown: Callable[[str], httpx.Response], path: str
    ) -> None:
        answer = shown(path)
        page = Page(answer.text)
        policy = answer.headers["content-security-policy"]

        assert page.loaded
        assert all(urlsplit(url).netloc == "" for url in (*page.loaded, *page.links))
        assert page.inline == []
        assert len(page.ids) == len(set(page.ids))
        assert "default-src 'none'" in policy
        assert "script-src 'self'; style-src 'self';" in policy
        assert "unsafe" not in policy

    @pytest.mark.parametrize(
        "path", in_turn(["/", "/insights/models", "/insights/overview"], ["/"])
    )
    def test_links_and_forms_keep_what_was_asked_for(self, site: Site, path: str) -> None:
        page = Page(site.get(f"{path}?{FILTERS}").text)
        asked = dict(pair.split("=") for pair in FILTERS.split("&"))

        pages = ("/models", "/usage", "/releases", "/retention", "/errors", "/insights/events")
        elsewhere = [urlsplit(link) for link in page.links if urlsplit(link).path in pages]
        assert len(elsewhere) >= 5
        for link in elsewhere:
            assert {**dict(parse_qsl(link.query)), **asked} == dict(parse_qsl(link.query))
        custom, choose, adding = page.forms[:3]
        assert custom == {"version": "0.86.0", "os": "Linux", "project": "aider"}
        assert choose == adding == asked

    def test_a_funnel_is_counted_once_its_steps_are_chosen(self, site: Site) -> None:
        steps = "steps=session_start&steps=message_send&steps=&steps=exit&within=session"
        before, page = (site.get(f"/usage?{PERIOD}{more}").text for more in ("", f"&{steps}"))
        data = site.get(f"/insights/funnel.json?{PERIOD}&{steps}").json()
        rows = [dict(zip(data["columns"], row, strict=True)) for row in data["rows"]]

        assert "take all of them" not in before
        assert before.count('<select name="steps">') == 4
        assert [row["event"] for row in rows] == ["session_start", "message_send", "exit"]
        assert f"{rows[2]['share']:.1%}".rstrip("%") in page.replace("\N{NO-BREAK SPACE}", " ")
        assert "of sessions with the first step take all of them" in page
        for number, row in enumerate(rows, 1):
            assert f"{number}. {row['event']}" in page.replace("<wbr>", "")
        for ending in ("csv", "sql", "svg"):
            answer = site.get(f"/insights/funnel.{ending}?{PERIOD}&{steps}")
            assert answer.status_code == (404 if ending == "svg" else 200)
        assert site.get(f"/insights/funnel?{PERIOD}&{steps}").status_code == 200
        refused = site.get(f"/usage?{PERIOD}&steps=session_start")
        assert refused.status_code == 400
        assert "use from 2 to 8" in refused.text

    def test_a_rolling_period_stays_one_in_links(self, site: Site) -> None:
        page = Page(site.get("/?since=90d&os=Linux").text)

        kept = [link for link in page.links if urlsplit(link).path == "/models"]
        assert kept == ["/models?since=90d&os=Linux"] * len(kept)
        assert kept

    def test_the_front_page_has_the_period_s_numbers_with_their_exact_values(
        self, site: Site
    ) -> None:
        text = site.get(f"/?{PERIOD}").text
        totals = site.get(f"/insights/totals.json?{PERIOD}").json()
        numbers = dict(zip(totals["columns"], totals["rows"][0], strict=True))

        shown = re.findall(r'<span class="number" title="([^"]*)">', text)
        counts = [number for number in shown if "%" not in number]
        assert [number.replace(",", "").replace("$", "") for number in counts] == [
            str(numbers[name]) for name in ("installs", "sessions", "cost")
        ]
        (free,) = site.get(f"/insights/crash_free.json?{PERIOD}").json()["rows"]
        assert [number for number in shown if number.startswith(f"{free[2]:.4%}")]

    def test_a_change_is_shown_only_against_a_period_that_has_data_throughout(
        self, site: Site
    ) -> None:
        changes = re.compile(r'<span class="change[^"]*" title="([^"]*)">')

        after = changes.findall(site.get("/?since=2026-10-05&until=2026-10-19").text)
        first = changes.findall(site.get("/?since=2026-09-05&until=2026-10-04").text)

        assert len(after) == len(first) == 5
        assert all(re.search("against 20 Sep . 4 Oct 2026 .95% interval", told) for told in after)
        assert set(first) == {"There is no data for all of the 30 days before."}

    def test_bars_side_by_side_have_one_scale_and_say_where_it_ends(self, site: Site) -> None:
        """A bar twice as long is a share twice as great, whatever it is a share of."""
        page = site.get(f"/?{PERIOD}&project=aider").text
        shares = re.findall(
            r'class="share" title="([\d.]+)%.*?<rect class="fill" width="([\d.]+)"', page, re.DOTALL
        )
        ends = re.findall(r'class="scale"[^>]*><span>0</span><span>([\d.]+)%</span>', page)

        assert len(shares) == 15
        assert len(ends) == 3
        assert len(set(ends)) == 1
        for share, length in shares:
            assert float(share) == pytest.approx(float(length) * float(ends[0]) / 100, abs=0.01)

    def test_a_period_without_data_says_where_there_is_some(self, site: Site) -> None:
        first = min(event.time for event in site.happened).date()
        last = max(event.time for event in site.happened if event.event == "session_start").date()

        for path in ("/", "/insights/models", "/insights/overview", "/insights/event_days"):
            page = site.get(f"{path}?since=2020-01-01&until=2020-01-31&os=Linux").text
            assert "Nothing in this period" in page
            assert f"{path}?since={first}&amp;until={last}&amp;os=Linux" in page

    def test_a_stranger_s_names_are_shown_as_text(self, site: Site) -> None:
        page = site.get("/quarantine?project=aider").text

        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
        assert "<script>alert" not in page
        assert "1,234" in page

    def test_the_quarantine_says_what_was_left_out_since_when_and_from_which_version(
        self, site: Site
    ) -> None:
        page = site.get("/quarantine?project=aider").text

        assert "17 events named <code>shiny_new</code> were left out, last from version 1.3" in page
        assert "aboveboard projects add aider" in page
        assert "Not a line of JSON" in page
        assert "The time lies in the future, or too long ago" in page
        assert "2026-10-26" in page

    def test_the_quarantine_is_data_too(self, site: Site) -> None:
        document = site.get("/quarantine.json?project=aider").json()

        rows = [dict(zip(document["columns"], row, strict=True)) for row in document["rows"]]
        (torn,) = [row for row in rows if row["reason"] == "Not a line of JSON"]
        assert (torn["event"], torn["property"], torn["times"]) == (None, None, 3)
        assert torn["last"] == "2026-10-26T08:00:00+00:00"

    def test_the_catalog_page_names_every_event_property_and_choice(self, site: Site) -> None:
        page = site.get("/catalog?project=aider").text

        for words in ("ai-comments file-add", "prompt_tokens", "Keyboard interrupt during model"):
            assert words in page


class TestFormats:
    @pytest.mark.thorough
    @pytest.mark.parametrize("name", [each.name for each in AIDERS])
    def test_json_csv_and_the_page_s_table_have_the_same_values(
        self, site: Site, name: str
    ) -> None:
        insight = insights.get(name)
        assert insight is not None
        asked = PERIOD + ("&event=message_send" if insight.of_event else "")
        document = site.get(f"/insights/{name}.json?{asked}").json()
        header, *lines = csv.reader(
            io.StringIO(site.get(f"/insights/{name}.csv?{asked}").text, newline="")
        )
        page = Page(site.get(f"/insights/{name}?{asked}&rows=all").text)

        assert set(document) == {"columns", "rows"}
        assert document["rows"]
        assert header == document["columns"]
        assert lines == [[as_text(value) for value in row] for row in document["rows"]]
        shown = [document["columns"].index(column) for column in insight.columns]
        assert [row for row in page.cells if row] == [
            [as_text(row[place]) for place in shown] for row in document["rows"]
        ]
        assert page.heads == [column.label for column in insight.columns.values()]

    @pytest.mark.thorough
    def test_what_is_compared_stands_beside_the_data_where_it_is_asked_for(
        self, site: Site
    ) -> None:
        asked = "since=2026-10-02&until=2026-10-19"
        path = f"/insights/models.json?{asked}&project=aider"
        plain = site.get(path).json()
        told = site.get(f"{path}&compare=previous").json()
        before = site.get("/insights/models.json?since=2026-09-14&until=2026-10-01").json()
        share = plain["columns"].index("message_share")
        then = {row[0]: row[share] for row in before["rows"]}

        assert told["columns"][: len(plain["columns"])] == plain["columns"]
        for row in told["rows"]:
            record = dict(zip(told["columns"], row, strict=True))
            assert record["message_share_now"] == pytest.approx(record["message_share"])
            was = then.get(record["model"], 0.0)
            assert record["message_share_then"] == pytest.approx(was)
            change = record["message_share"] - was
            assert record["message_share_change"] == pytest.approx(change, abs=1e-9)
            low, high = (record[f"message_share_change_{end}"] for end in ("low", "high"))
            assert low < change < high
        text = site.get(f"{path}&compare=previous".replace("json", "csv")).text
        assert text.splitlines()[0].split(",") == told["columns"]
        assert site.get(f"{path}&compare=off").json() == plain
        versions = site.get(f"{path}&compare=0.86.0..0.86.1").json()
        assert "message_share_then" in versions["columns"]

    def test_models_are_told_by_cost_and_by_failures_too(self, site: Site) -> None:
        for measure, name, of, label in (
            ("cost", "models", "cost_share", "Share of the cost"),
            ("failures", "error_by", "session_share", "Sessions in which something failed"),
        ):
            told = site.get(f"/insights/{name}.json?{PERIOD}&project=aider").json()
            rows = [dict(zip(told["columns"], row, strict=True)) for row in told["rows"]]
            rows = [row for row in rows if row.get("by", "model") == "model"]
            text = site.get(f"/models?{PERIOD}&project=aider&measure={measure}").text
            values = [
                float(each) for each in re.findall(r'share" title[^>]*><data value="([^"]+)', text)
            ]
            assert label in text
            assert sorted(values) == pytest.approx(sorted(row[of] for row in rows))

    def test_filters_reach_the_data(self, site: Site) -> None:
        everything = site.get(f"/insights/totals.json?{PERIOD}").json()["rows"][0]
        some = site.get(f"/insights/totals.json?{FILTERS}").json()["rows"][0]

        assert 0 < some[0] < everything[0]

    def test_svg_and_png_are_drawn_on_the_server_in_both_themes(self, site: Site) -> None:
        light = site.get(f"/insights/models.svg?{PERIOD}")
        dark = site.get(f"/insights/models.svg?{PERIOD}&theme=dark")
        picture = site.get(f"/insights/errors.png?{PERIOD}")

        assert light.headers["content-type"] == "image/svg+xml"
        assert light.text.startswith("<svg")
        assert "claude-sonnet-4-5" in light.text
        assert light.text != dark.text
        assert picture.content.startswith(b"\x89PNG")


class TestEvents:
    """A tool's own events, with people of its own."""

    ASKED = f"{PERIOD}&project=library&event=books_imported"

    @pytest.mark.thorough
    def test_each_event_leads_to_its_page_which_keeps_what_was_asked_for(self, site: Site) -> None:
        listed = Page(site.get(f"/insights/events?{PERIOD}&os=Linux&project=library").text)

        pages = [link for link in listed.links if "event=" in link]
        assert [dict(parse_qsl(urlsplit(link).query))["event"] for link in pages] == [
            row[0]
            for row in site.get(f"/insights/events.json?{PERIOD}&os=Linux&project=library").json()[
                "rows"
            ]
        ]
        assert "event=shelf-search+done" in "".join(pages)
        for link in pages:
            assert "os=Linux" in link
            answer = site.get(link)
            assert answer.status_code == 200
            elsewhere = [to for to in Page(answer.text).links if to.startswith("/models")]
            assert elsewhere == [f"/models?{PERIOD}&os=Linux&project=library"]

    def test_its_page_has_the_numbers_of_its_data(self, site: Site) -> None:
        page = site.get(f"/insights/events?{self.ASKED}").text
        document = site.get(f"/insights/event_properties.json?{self.ASKED}").json()
        told = site.get(f"/insights/events.json?{self.ASKED}").json()
        totals = dict(zip(told["columns"], *told["rows"], strict=True))
        rows = [dict(zip(document["columns"], row, strict=True)) for row in document["rows"]]

        assert re.findall(r'<span class="number" title="([\d,]+)">', page) == [
            f"{totals[name]:,}" for name in ("times", "sessions", "installs")
        ]
        shares = re.findall(r'title="([\d,]+) times; ([\d.]+%)', page)
        assert shares == [
            (f"{row['times']:,}", f"{row['share']:.4%}")
            for row in rows
            if row["kind"] not in ("count", "amount")
        ]
        assert [row for row in Page(page).cells if row] == [
            [str(row[name]) for name in ("share", "sum", "median", "p90")]
            for row in rows
            if row["what"] == "number"
        ]

    def test_what_a_null_means_is_said_in_words(self, site: Site) -> None:
        imported = site.get(f"/insights/events?{self.ASKED}").text
        asked = site.get(f"/insights/events?{PERIOD}&project=library&event=message_send").text

        assert {"all others", "no value", "yes", "no"} <= set(
            re.findall(r'<span class="name[^"]*" title="([^"]*)"', imported)
        )
        assert "not public" in asked
        assert "never told in this period" in asked  # its price

    @pytest.mark.parametrize(
        ("project", "event", "there"),
        [
            ("aider", "exception", True),
            ("aider", "message_send_exception", True),
            ("library", "scan_failed", False),
        ],
    )
    def test_an_error_leads_to_the_page_of_errors_where_that_tells_more(
        self, site: Site, project: str, event: str, there: bool
    ) -> None:
        page = site.get(f"/insights/events?{PERIOD}&project={project}&event={event}").text

        assert ("tells in what share of the sessions, and where" in page) is there

    def test_an_event_that_never_came_is_told_from_one_that_did_not_come_in_the_period(
        self, site: Site
    ) -> None:
        never = site.get(f"/insights/events?{PERIOD}&project=library&event=lent").text
        before = site.get(
            "/insights/events?since=2026-01-01&until=2026-01-02&project=library&event=opened"
        ).text

        assert "No such event yet" in never
        assert "Not in this period" in before

    def test_a_tool_of_one_s_own_has_its_events_on_the_first_page(self, site: Site) -> None:
        page = site.get(f"/?{PERIOD}&project=library").text

        assert re.search(r'<h2 id="glance-events">Events</h2>', page)
        assert "books_imported" in page

    def test_a_table_is_kept_under_its_event_s_name(self, site: Site) -> None:
        asked = f"{PERIOD}&project=library&event=shelf-search+done"
        answer = site.get(f"/insights/event_days.csv?{asked}")

        assert answer.headers["content-disposition"] == (
            'attachment; filename="library-event_days-shelf_search_done.csv"'
        )


def test_a_version_that_is_older_than_the_period_was_adopted_by_its_first_day(site: Site) -> None:
    whole, later = "since=2026-09-01&until=2026-10-19", "since=2026-10-12&until=2026-10-19"
    adopted = {
        period: re.findall(r"by (\d+ \w+ 2026)", site.get(f"/releases?{period}&project=aider").text)
        for period in (whole, later)
    }

    assert adopted[whole] == []
    assert set(adopted[later]) == {"12 Oct 2026"}


class TestRefusals:
    @pytest.mark.parametrize(
        ("path", "status", "says"),
        [
            ("/?since=yesterday", 400, "since=yesterday is no date: use YYYY-MM-DD"),
            ("/insights/models?os=BeOS", 400, "os=BeOS is not known: use one of Linux"),
            ("/insights/nothing", 404, "there is no insight of that name: use one of totals"),
            ("/insights/events?event=%3Cb%3E", 400, "event=&lt;b&gt; is not in this catalog"),
            ("/insights/event_days?event=books", 400, "/catalog lists what is"),
            ("/?project=nobody", 404, "there is no project of that name: use one of aider"),
            ("/insights/models?project=mytool", 404, "mytool collects nothing that could answer"),
            ("/?version=%3Cb%3E", 400, "version=&lt;b&gt; is no version"),
            ("/?sinc=7d", 400, "sinc is no parameter here: use since, until, version"),
            ("/insights/models?since=", 200, "Models"),
            ("/catalog?%3Cb%3E=1", 400, "&lt;b&gt; is no parameter here"),
            ("/insights/models.svg?theme=blue", 400, "theme is light or dark"),
        ],
    )
    def test_what_cannot_be_shown_is_said_in_one_line_on_a_page(
        self, site: Site, path: str, status: int, says: str
    ) -> None:
        answer = site.get(path, Accept="text/html")

        assert answer.status_code == status
        assert says in answer.text
        assert "Traceback" not in answer.text
        assert "content-security-policy" in answer.headers
        back = "/?project=mytool" if "=mytool" in path else "/"
        assert f'<a href="{back}">Back' in answer.text or status == 200 or ".svg" in path

    def test_data_is_refused_as_data(self, site: Site) -> None:
        as_json = site.get("/insights/models.json?until=never")
        as_csv = site.get("/insights/models.csv?until=never")

        assert as_json.status_code == as_csv.status_code == 400
        assert as_json.json() == {"error": "until=never is no date: use YYYY-MM-DD"}
        assert as_csv.text == "until=never is no date: use YYYY-MM-DD\n"

    def test_a_question_that_is_too_big_is_stopped_and_says_what_to_do(
        self, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(site.warehouse, "limits", Limits(rows=2))
        page = site.get(f"/insights/models?{PERIOD}", Accept="text/html")
        data = site.get(f"/insights/models.json?{PERIOD}")
        monkeypatch.undo()

        assert page.status_code == data.status_code == 422
        assert "That is too much for one question" in page.text
        said = "this question has more than 2 rows as its answer, and was stopped: "
        assert f"{said}ask for a shorter period" in page.text
        assert data.json() == {"error": f"{said}ask for a shorter period"}
        assert site.get(f"/insights/models?{PERIOD}").status_code == 200

    def test_an_answer_without_rows_is_empty_and_not_without_columns(self, site: Site) -> None:
        full = site.get(f"/insights/models.json?{PERIOD}").json()
        none = "since=2020-01-01&until=2020-01-02"

        assert site.get(f"/insights/models.json?{none}").json() == {
            "columns": full["columns"], "rows": [],
        }  # fmt: skip
        assert site.get(f"/insights/models.csv?{none}").text == ",".join(full["columns"]) + "\r\n"

    def test_a_format_that_there_is_not_is_named_with_those_that_are(self, site: Site) -> None:
        answer = site.get("/insights/models.xlsx")

        assert answer.status_code == 404
        assert "json, csv, svg, png" in answer.text


class TestFirstEvent:
    def test_an_empty_project_shows_aider_s_command_line_with_this_collector_s_address(
        self, site: Site
    ) -> None:
        page = site.get("/?project=empty").text

        assert "aider --analytics" in page
        assert f"--analytics-posthog-host {site.url}" in page
        assert re.search(r"--analytics-posthog-project-api-key ab_[\w-]{20,}", page)

    def test_a_maker_s_empty_project_shows_a_program_that_runs(self, site: Site) -> None:
        page = site.get("/?project=mytool").text

        (block,) = re.findall(r"<code>(import argparse.*?)</code>", page, re.DOTALL)
        program = block.replace("&#34;", '"').replace("&quot;", '"')
        code = compile(program, "hello.py", "exec")
        space: dict[str, object] = {"__name__": "hello"}
        exec(code, space)  # as `aboveboard catalog json hello:analytics` would import it

        assert f'endpoint="{site.url}"' in program
        assert "YOUR-WRITE-KEY" not in program
        assert "aider" not in program
        assert space["analytics"].app == "mytool"  # type: ignore[attr-defined]

    def test_its_insights_say_the_same_and_its_data_is_empty(self, site: Site) -> None:
        assert "Waiting for the first event" in site.get("/insights/models?project=empty").text
        assert site.get("/insights/models.json?project=empty").json()["rows"] == []


class TestAssets:
    def test_assets_are_kept_forever_under_names_of_their_content(self, site: Site) -> None:
        for url in Page(site.get("/").text).loaded:
            if url.startswith("/assets/"):
                assert re.fullmatch(r"/assets/\w+\.[0-9a-f]{12}\.(css|js|svg)", url)
                answer = site.get(url)
                assert answer.status_code == 200
                assert "immutable" in answer.headers["cache-control"]

    @pytest.mark.thorough
    def test_vega_comes_from_here_compressed_where_that_is_understood(self, site: Site) -> None:
        (url,) = re.findall(r'data-vega="([^"]*)"', site.get("/").text)

        plain = site.get(url, **{"Accept-Encoding": "identity"})
        packed = site.get(url, **{"Accept-Encoding": "gzip"})

        assert plain.headers["content-type"] == "text/javascript; charset=utf-8"
        assert "vegaEmbed" in plain.text
        assert packed.headers["content-encoding"] == "gzip"
        assert packed.content == plain.content  # httpx has unpacked it
        assert int(packed.headers["content-length"]) < len(plain.content) / 2
        assert len(gzip.compress(b"")) < int(packed.headers["content-length"])

    def test_yesterday_s_name_is_gone(self, site: Site) -> None:
        assert site.get("/assets/dashboard.000000000000.css").status_code == 404


def as_text(value: object) -> str:
    """Return a value of JSON as CSV and the page's `data` elements have it."""
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


class TestErrors:
    @pytest.mark.thorough
    def test_the_list_is_sorted_and_searched_by_its_address(self, site: Site) -> None:
        def groups(query: str) -> list[str]:
            text = site.get(f"/errors?{PERIOD}&project=aider&{query}").text
            links = [link for link in Page(text).links if link.startswith("/errors/")]
            return [urlsplit(link).path.removeprefix("/errors/") for link in links]

        document = site.get(f"/insights/errors.json?{PERIOD}&project=aider").json()
        rows = [dict(zip(document["columns"], row, strict=True)) for row in document["rows"]]
        times = {row["group"]: row["times"] for row in rows if row["kind"] == "crash"}
        listed = [times[group] for group in groups("sort=-times")]
        assert listed == sorted(times.values(), reverse=True)
        assert [times[group] for group in groups("sort=times")] == listed[::-1]
        wanted = {row["group"] for row in rows if row["kind"] == "crash" if "KeyE" in row["name"]}
        assert 0 < len(wanted) < len(times)
        assert set(groups("find=keyerr")) == wanted
        assert "Nothing here is named so" in site.get(f"/errors?{PERIOD}&find=nonesuch").text
        assert site.get(f"/errors?{PERIOD}&sort=odd").status_code == 400

    def test_the_list_has_every_group_of_its_tab_and_a_link_to_each(self, site: Site) -> None:
        document = site.get(f"/insights/errors.json?{PERIOD}&project=aider").json()
        rows = [dict(zip(document["columns"], row, strict=True)) for row in document["rows"]]
        for tab, kind in (("crash", "crash"), ("handled", "handled error")):
            text = site.get(f"/errors?{PERIOD}&project=aider&measure={tab}").text
            linked = {
                urlsplit(link).path for link in Page(text).links if link.startswith("/errors/")
            }
            assert linked == {f"/errors/{row['group']}" for row in rows if row["kind"] == kind}
            most = max(
                (row for row in rows if row["kind"] == kind), key=lambda row: row["sessions"]
            )
            assert most["name"] in text

    def test_a_group_s_page_tells_its_frames_sides_and_versions(self, site: Site) -> None:
        document = site.get(f"/insights/errors.json?{PERIOD}&project=aider").json()
        row = dict(zip(document["columns"], document["rows"][0], strict=True))
        text = site.get(f"/errors/{row['group']}?{PERIOD}&project=aider").text

        assert str(row["place"]).rpartition(":")[0] in text.replace("<wbr>", "")
        for words in ("By version", "By system", "By Python", "By model", "Linux", "0.86.0"):
            assert words in text
        assert '<form class="decide"' not in text, "there is nowhere to keep it"
        assert "Sessions a day, by version" in text
        ids = Page(text).ids
        assert len(ids) == len(set(ids))

    @pytest.mark.parametrize(
        ("path", "status", "said"),
        [
            ("/errors/v1:0000000000000000?project=aider", 404, "no error of that group is kept"),
            ("/errors/%3Cscript%3E?project=aider", 400, "is no group of errors"),
            ("/errors?measure=odd&project=aider", 404, "is no kind of errors"),
        ],
    )
    def test_what_is_not_there_is_said_in_a_line(
        self, site: Site, path: str, status: int, said: str
    ) -> None:
        answer = site.get(path)

        assert answer.status_code == status
        assert said in answer.text
        if answer.headers["content-type"].startswith("text/html"):
            assert "<script>" not in answer.text

    def test_a_tool_whose_errors_never_came_has_a_page_that_says_so(self, site: Site) -> None:
        text = site.get("/errors?since=2020-01-01&until=2020-01-02&project=aider").text
        assert "Nothing of this kind came up" in text


class TestSql:
    """What may be asked, and how it is answered, is held in tests/insights/adhoc."""

    ASKED: ClassVar = {"project": "aider", "q": "SELECT os, count() AS n FROM sessions GROUP BY os"}

    def sql(self, site: Site, q: str = "", form: str = "", **more: str) -> httpx.Response:
        asked = {**self.ASKED, "as": form, **({"q": q} if q else {}), **more}
        return httpx.get(f"{site.url}/sql", params=asked)

    def test_the_page_the_csv_and_the_json_have_the_same_answer(self, site: Site) -> None:
        document = self.sql(site, form="json").json()
        table = self.sql(site, form="csv")
        text = self.sql(site).text

        assert document["columns"] == ["os", "n"]
        assert len(document["rows"]) == 3
        header, *lines = csv.reader(io.StringIO(table.text, newline=""))
        assert (header, lines) == (["os", "n"], [[os, str(n)] for os, n in document["rows"]])
        assert 'filename="aider-sql.csv"' in table.headers["content-disposition"]
        for os, n in document["rows"]:
            assert f"<td>{os}</td>" in text
            assert f">{n:,}</td>" in text
        assert "<code>app_version</code>" in text, "the schema stands beside it"
        assert 'class="spec"' in text, "words and numbers make a chart"

    @pytest.mark.parametrize(
        ("question", "status", "said"),
        [
            ("SELECT * FROM system.one", 400, "There is no table system.one here"),
            ("SELECT file('/etc/hostname')", 400, "The function file cannot be used here"),
            ("SELECT 1; SELECT 2", 400, "Multi-statements are not allowed"),
            ("SELECT arrayJoin(range(20000))", 422, "has more than 10,000 rows"),
            ("<script>alert(1)</script>", 400, "Syntax error"),
        ],
    )
    def test_what_is_not_answered_is_said_above_what_was_asked(
        self, site: Site, question: str, status: int, said: str
    ) -> None:
        page = self.sql(site, q=question)
        data = self.sql(site, question, "csv")

        assert (page.status_code, data.status_code) == (status, status)
        assert said in page.text
        assert said[1:] in data.text
        assert data.headers["content-type"].startswith("text/plain")
        assert "<script>alert" not in page.text

    def test_another_site_s_link_asks_nothing_by_itself(self, site: Site) -> None:
        there = {"Sec-Fetch-Site": "cross-site"}
        page = httpx.get(f"{site.url}/sql", params=self.ASKED, headers=there)
        assert "This question came by a link of another site" in page.text
        assert '<h2 id="answer">' not in page.text
        data = httpx.get(f"{site.url}/sql", params={**self.ASKED, "as": "json"}, headers=there)
        assert data.status_code == 400

    def test_other_projects_tables_are_other_tables(self, site: Site) -> None:
        asked = "SELECT count() FROM books_imported"
        assert self.sql(site, q=asked).status_code == 400
        assert self.sql(site, q=asked, project="library").status_code == 200
