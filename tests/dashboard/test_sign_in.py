"""Signing in and out in a real Chromium, at a collector that runs as an operator starts it."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.collector.tool import Install, Server, add_project
from tests.loopback import answering

# What is promised without a browser, tests/collector/http/authentication/test_door.py holds.
pytestmark = [pytest.mark.browser, pytest.mark.thorough]

SECRET = "correct-horse-battery-staple-7"
PASSWORD = "blue-Otter-42-swims"
BASE = "/analytics"
PHONE, DESKTOP = (375, 812), (1280, 900)


def aboveboard(*words: str, given: str = "") -> str:
    told = subprocess.run(
        [sys.executable, "-m", "aboveboard", *words],
        input=given,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return told.stdout


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A collector whose secret is stored, with an event, under a path of its own."""
    data: Path = tmp_path_factory.mktemp("data")
    key = add_project(data)
    add_project(data, "waiting")
    aboveboard("secret", "--data", str(data), given=f"{SECRET}\n")
    running = Server(data, "--base-path", f"{BASE}/")
    assert running.send(key, Install().segment(3)).status == 200
    yield running
    code, said = running.stop()
    assert code == 0
    assert SECRET not in said
    assert PASSWORD not in said


@pytest.fixture
def page(chromium: Browser, server: Server) -> Iterator[Page]:
    """A window in which nothing goes wrong unseen, and nobody else is asked for anything."""
    context = chromium.new_context()
    opened = context.new_page()
    complaints: list[str] = []
    asked: list[str] = []
    opened.on("request", lambda request: asked.append(request.url))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on(
        "console",
        lambda told: complaints.append(told.text) if "403" not in told.text else None,
    )
    yield opened
    context.close()
    assert complaints == []
    own = f"http://127.0.0.1:{server.port}{BASE}"
    assert [url for url in asked if not url.startswith((own + "/", own + "?"))] == []


def address(server: Server, path: str = "/") -> str:
    return f"http://127.0.0.1:{server.port}{BASE}{path}"


def sign_in(page: Page, name: str, password: str) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


@pytest.mark.parametrize("scripts", [True, False])
def test_the_admin_signs_in_sees_what_they_wanted_and_signs_out(
    chromium: Browser, server: Server, scripts: bool
) -> None:
    context = chromium.new_context(java_script_enabled=scripts)
    page = context.new_page()
    wanted = address(server, "/insights/models?since=90d")
    page.goto(wanted)
    expect(page).to_have_url(re.compile(re.escape(address(server, "/sign-in?next="))))
    sign_in(page, "", SECRET)
    expect(page).to_have_url(wanted)
    (cookie,) = context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Lax", BASE)
    page.get_by_role("link", name="Trust", exact=True).click()
    expect(page.get_by_role("heading", name=re.compile("90 days"))).to_be_visible()
    page.goto(address(server, "/sign-in"))  # nobody signs in twice
    expect(page).to_have_url(address(server))
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(address(server, "/sign-in"))
    assert context.cookies() == []
    kept = {"name": cookie["name"], "value": cookie["value"], "url": address(server)}
    context.add_cookies([kept])  # type: ignore[list-item]  # whoever copied it has nothing
    page.goto(address(server))
    expect(page).to_have_url(address(server, "/sign-in"))
    context.close()


def test_charts_are_drawn_under_the_base_path(page: Page, server: Server) -> None:
    page.goto(address(server))
    sign_in(page, "admin", SECRET)
    expect(page.locator("figure.chart[data-drawn] svg.marks").first).to_be_visible(timeout=20_000)


def test_a_wrong_password_is_told_and_the_name_stays(page: Page, server: Server) -> None:
    page.goto(address(server))
    sign_in(page, "ana", "wrong")
    expect(page.get_by_role("alert")).to_have_text(
        "That name and that password do not go together."
    )
    assert page.get_by_label("Name").input_value() == "ana"
    assert page.get_by_label("Password").input_value() == ""


def test_a_colleague_is_invited_chooses_a_password_and_is_out_when_removed(
    page: Page, server: Server
) -> None:
    words = ("people", "--data", str(server.data))
    told = aboveboard(*words, "add", "ana")
    path = re.findall(r"/invitation\S*", told)[0]
    page.goto(address(server, path))
    page.get_by_label("Code").fill(told.splitlines()[-1])
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_label("The same again").fill(PASSWORD)
    page.get_by_role("button", name="Save and sign in").click()
    expect(page).to_have_url(address(server))
    expect(page.locator(".signed-in")).to_contain_text("ana")
    aboveboard(*words, "remove", "ana")
    page.reload()
    expect(page).to_have_url(address(server, "/sign-in"))


def test_another_secret_signs_the_admin_out_at_once(page: Page, server: Server) -> None:
    page.goto(address(server))
    sign_in(page, "admin", SECRET)
    expect(page).to_have_url(address(server))
    aboveboard("secret", "--data", str(server.data), given=f"{SECRET}\n")
    page.reload()
    expect(page).to_have_url(address(server, "/sign-in"))


def test_a_page_that_waits_leads_to_the_sign_in_once_its_session_is_over(
    chromium: Browser, server: Server
) -> None:
    context = chromium.new_context()
    page = context.new_page()
    page.goto(address(server, "/?project=waiting"))
    sign_in(page, "admin", SECRET)
    expect(page.get_by_role("heading", name="Waiting for the first event")).to_be_visible()
    context.clear_cookies()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible(timeout=20_000)
    sign_in(page, "admin", SECRET)
    expect(page).to_have_url(address(server, "/?project=waiting"))
    context.close()


def test_a_csv_that_is_wanted_without_a_session_leads_to_its_page(
    page: Page, server: Server
) -> None:
    page.goto(address(server, "/insights/models.csv?since=90d"))
    sign_in(page, "admin", SECRET)
    expect(page).to_have_url(address(server, "/insights/models?since=90d"))


def test_another_site_s_form_signs_nobody_in(chromium: Browser, server: Server) -> None:
    form = (
        f'<form method="post" action="{address(server, "/sign-in")}"><input name="name">'
        f'<input name="password" value="{SECRET}"><button>Win a prize</button></form>'
    )

    class Foreign(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(form.encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its own name
            pass

    context = chromium.new_context()
    page = context.new_page()
    with answering(Foreign) as url:
        page.goto(url.replace("127.0.0.1", "localhost"))
        page.get_by_role("button").click()
        expect(page.get_by_text("answered from its own page only")).to_be_visible()
        assert context.cookies() == []
    context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESKTOP])
@pytest.mark.parametrize("path", ["/sign-in", "/invitation?name=ana"])
def test_the_forms_fit_in_both_themes_and_on_a_phone(
    chromium: Browser,
    server: Server,
    theme: Literal["light", "dark"],
    size: tuple[int, int],
    path: str,
) -> None:
    context = chromium.new_context(
        viewport={"width": size[0], "height": size[1]}, color_scheme=theme
    )
    page = context.new_page()
    page.goto(address(server, path))
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide == size[0]
    for field in page.locator("input:visible, main button").all():
        box = field.bounding_box()
        assert box is not None
        assert box["height"] >= 40
        assert box["x"] + box["width"] <= size[0]
    assert page.locator("label input:focus").count() <= 1
    context.close()
