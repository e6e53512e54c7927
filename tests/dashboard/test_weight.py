"""What a page weighs on its way: little without the charts' bundle, and not much with many rows."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID

import httpx
import pytest
from playwright.sync_api import Browser

from aboveboard.catalog import models
from aboveboard.collector.projects.project import shipped_catalog
from tests.dashboard.conftest import Site
from tests.dashboard.paths import EVENT, EVERYWHERE, PERIOD
from tests.insights.population import Happening, fill

pytestmark = pytest.mark.thorough

KIB = 1024
ROWS = 500
PATHS = [*(f"{path}?{PERIOD}" for path in [*EVERYWHERE, "/errors", "/sql"]), EVENT]


@pytest.fixture(scope="module")
def many(site: Site) -> str:
    """Have a project of five hundred models, each of which answers in a version of its own."""
    first = datetime(2026, 9, 21, 10, tzinfo=UTC)
    happened = []
    for number, model in enumerate(sorted(models.public_names())[:ROWS]):
        time = first + timedelta(days=number % 28)
        ids = UUID(int=number % 40 + 1, version=4), UUID(int=1000 + number, version=4)
        version = f"1.{number // 28}.{number}"
        began: dict[str, object] = {"app_version": version, "os": "Linux"}
        answered: dict[str, object] = {
            "main_model": model,
            "total_tokens": 100 + number,
            "cost": 0.1,
        }
        happened.append(Happening("session_start", *ids, time, began))
        happened.append(Happening("message_send", *ids, time, answered))
    fill(site.warehouse, "empty", shipped_catalog("aider"), happened)
    return f"{PERIOD}&project=empty&rows=all"


@pytest.mark.browser
def test_no_page_weighs_more_than_a_hundred_kib_without_the_bundle(
    chromium: Browser, site: Site
) -> None:
    """Counted as it comes over the wire, in a browser that has nothing yet."""
    heavy = {}
    for path in PATHS:
        context = chromium.new_context()
        page = context.new_page()
        of: dict[str, int] = {}
        protocol = context.new_cdp_session(page)
        protocol.send("Network.enable")
        urls: dict[str, str] = {}
        protocol.on(
            "Network.responseReceived",
            lambda told, urls=urls: urls.update({told["requestId"]: told["response"]["url"]}),
        )
        protocol.on(
            "Network.loadingFinished",
            lambda told, of=of: of.update({told["requestId"]: int(told["encodedDataLength"])}),
        )
        page.goto(site.url + path, wait_until="networkidle")
        sent = {urlsplit(urls[each]).path: size for each, size in of.items() if each in urls}
        context.close()
        assert "/assets/dashboard" in " ".join(sent)
        weight = sum(size for name, size in sent.items() if "vega" not in name)
        if weight > 100 * KIB:
            heavy[path] = sent

    assert heavy == {}


@pytest.mark.parametrize(
    "path",
    [
        "/models",
        *("/insights/adoption", "/insights/models"),
    ],
)
def test_five_hundred_rows_are_sent_in_less_than_150_kib(site: Site, many: str, path: str) -> None:
    with httpx.stream("GET", f"{site.url}{path}?{many}", timeout=60, verify=False) as answer:
        sent = b"".join(answer.iter_raw())

    assert gzip.decompress(sent).count(b"<tr") == ROWS + 1
    assert len(sent) <= 150 * KIB
