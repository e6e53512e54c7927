"""A stranger's walk over every address that there is, and what each kind of visitor gets.

The addresses are the application's own, so that a new one cannot be forgotten: it is closed, or it
stands in `OPEN` with the reason why.
"""

from __future__ import annotations

import http.client
import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
from litestar import Litestar
from litestar.routes import HTTPRoute

from aboveboard import dashboard
from aboveboard.collector.app import create_app
from aboveboard.collector.http.authentication.door import Door, Failures
from aboveboard.collector.people.accounts import Accounts
from aboveboard.collector.people.tokens import Tokens
from aboveboard.collector.protocols import posthog
from aboveboard.collector.service import Collector
from tests.collector.tool import CATALOG
from tests.conftest import ROOT
from tests.dashboard.conftest import serving

SECRET = "correct-horse-battery-staple-7"
PASSWORD = "blue-Otter-42-swims"
BASE = "/analytics"

OPEN = {
    **{("POST", path): "events, with a write key" for path in ("/v1/events", *posthog.PATHS)},
    ("POST", "/v1/debug"): "with a write key, and a tag that somebody has opened",
    ("POST", "/v1/erase"): "whoever proves that it is their install",
    ("POST", "/flags"): "the same for everybody",
    ("POST", "/decide"): "the same for everybody",
    ("GET", "/flags"): "the same for everybody",
    ("GET", "/decide"): "the same for everybody",
    ("GET", "/array/{key}/config"): "the same for everybody",
    ("GET", "/healthz"): "one word for a load balancer",
    ("GET", "/readyz"): "a line for a load balancer",
    ("GET", "/sign-in"): "how to be no stranger",
    ("POST", "/sign-in"): "how to be no stranger",
    ("GET", "/invitation"): "how to be no stranger",
    ("POST", "/invitation"): "how to be no stranger",
    ("POST", "/sign-out"): "ends the session of who has one",
    ("GET", "/public/{project}"): "published, of a project that says so",
    ("GET", "/public/{project}/{file}"): "published, of a project that says so",
    ("GET", "/assets/{file}"): "what the sign-in page is drawn with; not Vega",
}
PARAMETERS = {
    "{file}": "totals.json",
    "{key}": "some",
    "{group}": "v1:0000000000000000",
    "{project}": "tool",
}


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: str


@dataclass
class Place:
    """A collector in this process, on a real socket, under a path of its own."""

    port: int
    app: Litestar
    collector: Collector

    def ask(
        self, method: str, path: str, body: str = "", base: str = BASE, **headers: str
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, base + path, body or None, told)
        answer = connection.getresponse()
        try:
            return Answer(answer.status, answer.headers, answer.read().decode("utf-8", "replace"))
        finally:
            connection.close()

    def post(self, path: str, form: Mapping[str, str], **headers: str) -> Answer:
        """Send a form as a browser does from a page of ours."""
        told = {
            "Content_Type": "application/x-www-form-urlencoded",
            "Accept": "text/html",
            "Origin": f"http://127.0.0.1:{self.port}",
            **headers,
        }
        return self.ask("POST", path, urlencode(form), **told)

    def sign_in(self, name: str, password: str, **headers: str) -> str:
        answer = self.post("/sign-in", {"name": name, "password": password}, **headers)
        assert answer.status == 303, answer.body
        return answer.headers["Set-Cookie"]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    directory: Path = tmp_path_factory.mktemp("data")
    with pytest.MonkeyPatch.context() as patch, closing(Collector(directory)) as collector:
        patch.setattr(Failures, "EVERY", 0.0)  # who fails so often waits for long
        for name in ("tool", "other"):
            collector.add_project(name, CATALOG)
        collector.start()
        app = create_app(
            collector,
            dashboard.routes(),
            errors=dashboard.errors(),
            door=Door(collector.register, SECRET),
            base_path=BASE,
        )
        with serving(app) as url:
            yield Place(int(url.rpartition(":")[2]), app, collector)


def everywhere(app: Litestar) -> list[tuple[str, str]]:
    return sorted(
        (str(method), route.path_format)
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for method in route.methods
        if method != "OPTIONS"
    )


def test_nothing_is_open_that_does_not_say_why(place: Place) -> None:
    seen = set()
    for method, path in everywhere(place.app):
        at = path
        for name, value in PARAMETERS.items():
            at = at.replace(name, value)
        assert "{" not in at, f"give {path} a value in PARAMETERS"
        seen.add((method, path))
        if (method, path) in OPEN:
            assert place.ask(method, at).headers["Location"] is None, path
            continue
        for base in (BASE, ""):
            if method == "POST":  # of a form that another site shows
                assert place.ask(method, at, base=base).status == 403, at
                here = {"Origin": f"http://127.0.0.1:{place.port}"}
                assert place.ask(method, at, base=base, **here).status == 401, at
                continue
            told = place.ask(method, at, base=base)
            assert told.status == 401, f"{method} {at} is open to strangers"
            assert told.headers["WWW-Authenticate"].startswith("Basic ")
            assert place.ask(method, at, base=base, Authorization="Bearer ab_x").status == 401
            assert place.ask(method, at, base=base, Cookie="aboveboard_session=x").status == 401
            if method == "GET":
                browser = place.ask(method, at, base=base, Accept="text/html")
                assert browser.status == 303, at
                assert browser.headers["Location"].startswith(f"{BASE}/sign-in")
                assert place.ask("HEAD", at, base=base).status == 401
    assert set(OPEN) <= seen, "an address that is no more"
    assert {("GET", "/"), ("GET", "/metrics"), ("GET", "/quarantine.json")} <= seen


def test_every_address_is_in_the_reference_and_no_other(place: Place) -> None:
    page = (ROOT / "docs/reference.md").read_text("utf-8")
    table = page.partition("## Addresses")[2].partition("## Metrics")[0]
    first = [row.split(" | ")[0] for row in table.splitlines() if row.startswith("| `")]
    told = {told for cell in first for told in re.findall(r"`([A-Z]+) (/[^`]*)`", cell)}
    assert told == {(method, path) for method, path in everywhere(place.app) if method != "HEAD"}


def test_what_takes_events_asks_for_a_key(place: Place) -> None:
    for path in ("/v1/events", *posthog.PATHS):
        assert place.ask("POST", path, "{}").status in (400, 401)


@pytest.mark.thorough
def test_a_stranger_gets_no_vega_and_whoever_signed_in_does(place: Place) -> None:
    vega = dashboard.assets.url("vega.js")
    assert place.ask("GET", vega).status == 401
    cookie = place.sign_in("admin", SECRET).partition(";")[0]
    assert place.ask("GET", vega, Cookie=cookie).status == 200
    assert place.ask("GET", dashboard.assets.url("dashboard.css")).status == 200


def test_the_cookie_is_for_the_dashboard_alone_and_secure_where_the_browser_came_by_https(
    place: Place,
) -> None:
    plain = place.sign_in("admin", SECRET)
    parts = {each.strip().lower() for each in plain.split(";")[1:]}
    assert parts == {"httponly", "samesite=lax", f"path={BASE}", "max-age=604800"}
    secure = place.sign_in("admin", SECRET, X_Forwarded_Proto="https")
    assert "secure" in {each.strip().lower() for each in secure.split(";")}
    by_browser = place.sign_in("admin", SECRET, Origin="https://a.example", Host="a.example")
    assert "secure" in {each.strip().lower() for each in by_browser.split(";")}


def test_a_sign_out_ends_the_session_for_its_copies_too(place: Place) -> None:
    cookie = place.sign_in("admin", SECRET).partition(";")[0]
    assert place.ask("GET", "/metrics", Cookie=cookie).status == 200
    out = place.post("/sign-out", {}, Cookie=cookie)
    assert (out.status, out.headers["Location"]) == (303, f"{BASE}/sign-in")
    assert "Max-Age=0" in out.headers["Set-Cookie"]
    assert place.ask("GET", "/metrics", Cookie=cookie).status == 401


@pytest.mark.parametrize("path", ["/sign-in", "/sign-out", "/invitation"])
@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec_Fetch_Site": "cross-site"}],
)
def test_another_site_s_form_does_nothing(place: Place, path: str, headers: dict[str, str]) -> None:
    cookie = place.sign_in("admin", SECRET).partition(";")[0]
    form = {"name": "admin", "password": SECRET}
    told = place.post(path, form, Cookie=cookie, **headers)
    assert told.status == 403
    assert told.headers["Set-Cookie"] is None
    assert place.ask("GET", "/metrics", Cookie=cookie).status == 200


@pytest.mark.parametrize(
    ("wanted", "led"),
    [
        ("/insights/models?since=30d", "/insights/models?since=30d"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example/", "/"),
        ("/a\nSet-Cookie: x=1", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
    ],
)
def test_a_sign_in_leads_to_a_page_of_ours_only(place: Place, wanted: str, led: str) -> None:
    form = {"name": "", "password": SECRET, "next": wanted}
    assert place.post("/sign-in", form).headers["Location"] == BASE + led


def test_a_browser_is_led_back_to_what_it_wanted(place: Place) -> None:
    answer = place.ask("GET", "/insights/models?since=30d&os=Linux", Accept="text/html")
    led = urlsplit(answer.headers["Location"])
    assert led.path == f"{BASE}/sign-in"
    assert led.query == urlencode({"next": "/insights/models?since=30d&os=Linux"})
    assert place.ask("GET", "/", Accept="text/html").headers["Location"] == f"{BASE}/sign-in"


def test_a_wrong_password_is_told_on_the_page_and_not_repeated(place: Place) -> None:
    told = place.post("/sign-in", {"name": "<b>ana", "password": "Tr1ed"})
    assert told.status == 403
    assert told.headers["Set-Cookie"] is None
    assert "do not go together" in told.body
    assert "&lt;b&gt;ana" in told.body
    assert "Tr1ed" not in told.body


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        ("{}", "application/json", 400),
        ("a=" + "x" * 9000, "application/x-www-form-urlencoded", 413),
        ("&".join("a=1" for _ in range(11)), "application/x-www-form-urlencoded", 400),
        ("name=%ff&password=%ff", "application/x-www-form-urlencoded", 403),
    ],
)
def test_what_is_no_form_of_ours_is_refused(
    place: Place, body: str, kind: str, status: int
) -> None:
    origin = f"http://127.0.0.1:{place.port}"
    assert place.ask("POST", "/sign-in", body, Content_Type=kind, Origin=origin).status == status


class TestWhoSeesWhat:
    """The admin everything, a person what is shown, a token what programs read."""

    @pytest.fixture(autouse=True)
    def _nobody_before(self, place: Place) -> Iterator[None]:
        yield
        with place.collector.register.writing() as connection:
            connection.execute("DELETE FROM person")
            connection.execute("DELETE FROM read_token")

    def test_a_person_sees_pages_until_they_are_removed(self, place: Place) -> None:
        people = Accounts(place.collector.register)
        people.add("ana", PASSWORD)
        cookie = place.sign_in("ana", PASSWORD).partition(";")[0]
        page = place.ask("GET", "/?project=other", Cookie=cookie)
        assert page.status == 200
        assert "Sign out" in page.body
        (key,) = place.collector.projects.all()[0].keys
        assert key not in page.body, "keys are the admin's"
        assert str(place.collector.directory) not in page.body
        people.remove("ana")
        assert place.ask("GET", "/", Cookie=cookie).status == 401

    def test_a_person_of_one_project_sees_no_other(self, place: Place) -> None:
        Accounts(place.collector.register).add("ana", PASSWORD, "other")
        cookie = place.sign_in("ana", PASSWORD).partition(";")[0]
        assert "project=tool" not in place.ask("GET", "/", Cookie=cookie).body
        for path in ("/", "/catalog", "/quarantine.json", "/insights/totals.json"):
            assert place.ask("GET", path, Cookie=cookie).status == 200, path
            refused = place.ask("GET", f"{path}?project=tool", Cookie=cookie)
            assert refused.status == 404, path
            assert "use one of other" in refused.body
        assert place.ask("GET", "/metrics", Cookie=cookie).status == 403

    def test_an_invited_person_chooses_a_password_and_is_in(self, place: Place) -> None:
        code = Accounts(place.collector.register).invite("ana")
        form = {"name": "ana", "code": code, "password": PASSWORD, "again": PASSWORD}
        for wrong, status in (({"code": "x"}, 403), ({"again": "x"}, 400)):
            assert place.post("/invitation", {**form, **wrong}).status == status
        weak = place.post("/invitation", {**form, "password": "x", "again": "x"})
        assert (weak.status, "easy to guess" in weak.body) == (400, True)
        let_in = place.post("/invitation", form)
        assert (let_in.status, let_in.headers["Location"]) == (303, f"{BASE}/")
        cookie = let_in.headers["Set-Cookie"].partition(";")[0]
        assert place.ask("GET", "/", Cookie=cookie).status == 200
        assert place.post("/invitation", form).status == 403
        place.sign_in("ana", PASSWORD)

    def test_a_token_reads_json_and_csv_until_it_is_revoked(self, place: Place) -> None:
        tokens = Tokens(place.collector.register)
        told = {"Authorization": f"Bearer {tokens.add('reports')}"}
        for path in ("/insights/totals.json", "/insights/models.csv", "/quarantine.json"):
            assert place.ask("GET", path, **told).status == 200, path
        assert place.ask("GET", "/metrics", **told).status == 200
        for path in ("/", "/insights/models", "/catalog", "/insights/overview.png"):
            assert place.ask("GET", path, **told).status == 403, path
        tokens.revoke("reports")
        assert place.ask("GET", "/insights/totals.json", **told).status == 401

    def test_a_token_of_one_project_reads_no_other(self, place: Place) -> None:
        token = Tokens(place.collector.register).add("reports", "other")
        told = {"Authorization": f"Bearer {token}"}
        assert place.ask("GET", "/insights/totals.json", **told).status == 200
        assert place.ask("GET", "/insights/totals.json?project=tool", **told).status == 404
        assert place.ask("GET", "/metrics", **told).status == 403

    def test_who_may_see_a_project_may_say_what_they_think_of_its_errors(
        self, place: Place
    ) -> None:
        Accounts(place.collector.register).add("ana", PASSWORD, "other")
        cookie = place.sign_in("ana", PASSWORD).partition(";")[0]
        at, note = "/errors/v1:0000000000000000", {"say": "note", "note": "<b>odd</b>"}
        said = place.post(f"{at}?project=other", note, Cookie=cookie)
        assert (said.status, said.headers["Location"]) == (303, f"{BASE}{at}?project=other")
        assert place.post(f"{at}?project=tool", note, Cookie=cookie).status == 404
        assert place.post(f"{at}?project=other", {"say": "note"}, Cookie=cookie).status == 400
        elsewhere = place.post(
            f"{at}?project=other", note, Cookie=cookie, Origin="https://a.example"
        )
        assert elsewhere.status == 403
        token = Tokens(place.collector.register).add("reports")
        told = {"Authorization": f"Bearer {token}"}
        assert place.post(f"{at}?project=other", note, **told).status == 403
        (kept,) = place.collector.decisions.of("other")
        assert (kept.words, kept.who) == ("<b>odd</b>", "ana")
        assert place.collector.decisions.of("tool") == []

    def test_who_is_signed_in_asks_sql_of_what_they_see_and_no_program_does(
        self, place: Place
    ) -> None:
        Accounts(place.collector.register).add("ana", PASSWORD, "other")
        cookie = place.sign_in("ana", PASSWORD).partition(";")[0]
        asked = "/sql?as=csv&q=SELECT+count()+FROM+sessions&project="
        assert place.ask("GET", f"{asked}other", Cookie=cookie).status == 200
        assert place.ask("GET", f"{asked}tool", Cookie=cookie).status == 404
        token = Tokens(place.collector.register).add("reports")
        (key,) = place.collector.projects.all()[0].keys
        for secret, status in ((token, 403), (key, 401)):
            told = {"Authorization": f"Bearer {secret}"}
            assert place.ask("GET", f"{asked}other", **told).status == status

    def test_alerts_are_a_feed_for_programs_and_of_one_project_alone(self, place: Place) -> None:
        class Found:
            key, kind, path = "k", "error", "/errors/v1:0000000000000000"
            title, text = "<KeyError> & more", "It crashed."

        place.collector.alerts.note("other", [Found()])
        token = Tokens(place.collector.register).add("feeds", "other")
        told = {"Authorization": f"Bearer {token}"}
        feed = place.ask("GET", "/alerts.atom", **told)
        assert (feed.status, feed.headers["Content-Type"]) == (200, "application/atom+xml")
        assert feed.body.count("<entry>") == 1
        assert "<title>&lt;KeyError&gt; &amp; more</title>" in feed.body
        assert f"{BASE}/errors/v1:0000000000000000?project=other" in feed.body
        assert place.ask("GET", "/alerts.atom?project=tool", **told).status == 404

    def test_a_read_token_adds_no_event_and_a_write_key_reads_nothing(self, place: Place) -> None:
        token = Tokens(place.collector.register).add("reports")
        (key,) = place.collector.projects.all()[0].keys
        sent = place.ask("POST", "/v1/events", "{}", Authorization=f"Bearer {token}")
        assert sent.status == 401
        read = place.ask("GET", "/insights/totals.json", Authorization=f"Bearer {key}")
        assert read.status == 401


def test_a_script_s_request_opens_no_question_of_the_browser(place: Place) -> None:
    told = place.ask("GET", "/insights/totals.json", Sec_Fetch_Mode="cors", Accept="*/*")
    assert told.status == 401
    assert told.headers["WWW-Authenticate"].startswith("Bearer ")


def test_every_link_asset_and_form_of_a_page_is_under_the_base_path(place: Place) -> None:
    from tests.dashboard.page import Page

    cookie = place.sign_in("admin", SECRET).partition(";")[0]
    for path in ("/", "/catalog", "/quarantine", "/insights/totals?since=x", "/nowhere"):
        page = Page(place.ask("GET", path, Cookie=cookie, Accept="text/html").body)
        own = [link for link in page.links if not link.startswith("#")]
        assert own
        assert page.loaded
        for link in (*own, *page.loaded, *page.actions):
            assert link.startswith(f"{BASE}/"), f"{path} has {link}"
    first = place.ask("GET", "/", Cookie=cookie, Host="a.example", X_Forwarded_Proto="https")
    assert f"https://a.example{BASE}" in first.body
    assert f'data-waiting="{BASE}/insights/totals.json' in first.body
    assert f'data-vega="{BASE}/assets/vega.' in first.body
