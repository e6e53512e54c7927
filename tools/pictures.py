"""The README's pictures: the demo's pages in Chromium, light and dark, as docs/pictures/*.png.

    python tools/pictures.py

Starts a collector of its own with the demo in a directory that is gone afterwards, on a free port
of 127.0.0.1. No picture may be larger than `MOST`: they are a part of the repository forever.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
from playwright.sync_api import expect, sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "pictures"
PAGES = {"overview": "/", "errors": "/errors", "models": "/models"}
THEMES = ("light", "dark")
SIZE = {"width": 1120, "height": 720}
MOST = 150_000
"""Bytes of a picture."""

PATIENCE = 300


@contextlib.contextmanager
def demo() -> Iterator[str]:
    """Give the address of a collector that the demo has filled."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory(prefix="aboveboard-pictures-") as data:
        command = ["serve", "--demo", "--data", data, "--port", str(port)]
        server = subprocess.Popen(
            [sys.executable, "-m", "aboveboard", *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        try:
            wait(url, server)
            yield url
        finally:
            server.send_signal(signal.SIGINT)
            server.communicate(timeout=60)


def wait(url: str, server: subprocess.Popen[bytes]) -> None:
    """Wait until the demo's sessions are there, and no more come.

    Raises:
        SystemExit: the collector ended, or the demo takes too long.
    """
    end, before = time.monotonic() + PATIENCE, ""
    while time.monotonic() < end and server.poll() is None:
        time.sleep(4)
        with (
            contextlib.suppress(httpx.HTTPError),
            httpx.Client(base_url=url, timeout=30) as client,
        ):
            told = client.get("/insights/totals.json?since=90d").text
            if told == before and "[[0," not in told:
                return
            before = told
    sys.exit("pictures: the demo did not come up")


def take(browser: Browser, url: str, theme: str) -> None:
    page = browser.new_page(viewport=SIZE, color_scheme=theme)  # type: ignore[arg-type]
    for name, path in PAGES.items():
        page.goto(url + path, wait_until="networkidle")
        figures = page.locator("figure.chart")
        expect(page.locator("figure.chart[data-drawn]")).to_have_count(figures.count())
        file = FOLDER / f"{name}-{theme}.png"
        page.screenshot(path=file)
        size = file.stat().st_size
        print(f"{file.relative_to(ROOT)}: {size:,} bytes")
        if size > MOST:
            sys.exit(f"pictures: {file.name} is larger than {MOST:,} bytes: make SIZE smaller")
    page.close()


def main() -> None:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        sys.exit("pictures: there is no Chromium (`chromium` on the PATH)")
    FOLDER.mkdir(exist_ok=True)
    with demo() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--headless", "--no-sandbox", "--disable-gpu"]
        )
        for theme in THEMES:
            take(browser, url, theme)
        browser.close()


if __name__ == "__main__":
    main()
