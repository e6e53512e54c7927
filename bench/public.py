"""What a request for a published site costs the collector, beside one for `/healthz`.

The collector runs as a user runs it, with a project that is public, and a site whose largest table
is all public models. Requests of each kind are made over kept connections, the kinds in turn in
short rounds, so that whatever else the machine does meets all of them alike. Told is the
collector's own processor time a request, as a ratio to `/healthz` of the same round; the median of
the rounds counts.
"""

from __future__ import annotations

import argparse
import datetime
import http.client
import random
import signal
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from collector import free_port, processor

from aboveboard.catalog import models
from aboveboard.collector.projects.project import shipped_catalog
from aboveboard.collector.projects.registry import Projects
from aboveboard.publishing import periods, site, writing
from aboveboard.publishing.content.about import About
from aboveboard.publishing.release import Counted, Release

PROJECT = "mytool"


def releases() -> list[Release]:
    """Return a year of weeks, of a system and of all public models."""
    dice, made = random.Random(18), []
    names = [*models.public_names(), "(other)"]
    for number in range(52):
        week = periods.week(datetime.date(2025, 11, 3) + datetime.timedelta(weeks=number))
        tables = [
            Counted(
                "os", "Systems", "The system", 1, ["Linux", "Darwin", "Windows"], [900, 700, 400]
            ),
            Counted(
                "model", "Models", "The model", 3, names, [round(dice.gauss(20, 22)) for _ in names]
            ),
        ]
        since, until = week.since.isoformat(), week.until.isoformat()
        told = tables, "2026-11-05", "0.1.0"
        made.append(
            Release(1, PROJECT, week.name, since, until, "noise", 0.015, 22.0, 0, 2000, *told)
        )
    return made


def asked(port: int, path: str, headers: dict[str, str], times: int) -> int:
    """Make requests over one connection; return the bytes of the last answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    size = 0
    for _ in range(times):
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        size = len(answer.read())
        assert answer.status in (200, 304, 404), answer.status
    connection.close()
    return size


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--requests", type=int, default=300, help="of each kind, a round")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        data = Path(directory, "data")
        projects = Projects(data)
        projects.add(PROJECT, shipped_catalog("aider"))
        projects.show(PROJECT, public=True)
        projects.close()
        every = releases()
        files = site.files(shipped_catalog("aider"), every, About("CC-BY-4.0"))
        (data / "public").mkdir()
        writing.write(data / "public" / PROJECT, files)
        port = free_port()
        server = subprocess.Popen(
            [sys.executable, "-m", "aboveboard", "serve", "--data", str(data), "--port", str(port)],
            stdout=subprocess.PIPE,
        )
        try:
            assert server.stdout is not None
            assert b"aboveboard is at" in server.stdout.readline()
            measure(port, server.pid, every[-1].period, args)
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(60)
    return 0


def measure(port: int, pid: int, last: str, args: argparse.Namespace) -> None:
    root, packed = f"/public/{PROJECT}", {"Accept-Encoding": "gzip"}
    kinds = {
        "/healthz": ("/healthz", {}),
        "recency.json": (f"{root}/v1/recency.json", packed),
        "index.html, packed": (f"{root}/", packed),
        "index.html, known already (304)": (f"{root}/", {"If-None-Match": tag(port, f"{root}/")}),
        "a table of all models, packed": (f"{root}/v1/periods/{last}/model.json", packed),
        "a file that is not there": (f"{root}/v1/none.json", {}),
        "a project that is not there": ("/public/none/", {}),
    }
    sizes = {name: asked(port, *kind, 20) for name, kind in kinds.items()}
    spent: dict[str, list[float]] = {name: [] for name in kinds}
    for _ in range(args.rounds):
        for name, kind in kinds.items():
            before = processor(pid)
            asked(port, *kind, args.requests)
            spent[name].append((processor(pid) - before) / args.requests)
    for name, each in spent.items():
        ratio = statistics.median(
            one / max(health, 1e-9) for one, health in zip(each, spent["/healthz"], strict=True)
        )
        print(
            f"{name:<34} {sizes[name]:>9,} bytes  {1e6 * statistics.median(each):>7,.0f} us  "
            f"x{ratio:.2f}"
        )


def tag(port: int, path: str) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.headers["ETag"] or ""


if __name__ == "__main__":
    sys.exit(main())
