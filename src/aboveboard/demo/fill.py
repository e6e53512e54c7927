"""Filling a collector: the lives are lived and sent by two processes, with a progress bar."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import tempfile
import time
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from aboveboard.client.delivery import upload
from aboveboard.client.recipients.target import Target
from aboveboard.client.recording import segment

from . import leash
from .life import live
from .population import Person

SEED = 20_26


def fill(url: str, key: str, installs: int) -> int:
    """Simulate `installs` people and send what they recorded; return how many segments were left.

    Two processes share the work: this machine has the collector to run too.
    """
    end = time.time()
    # Children that a Ctrl-C reaches leave the word to their parent.
    with (
        tempfile.TemporaryDirectory(prefix="aboveboard-demo-") as homes,
        multiprocessing.get_context("spawn").Pool(2, _begin) as pool,
        _progress() as progress,
    ):
        task = progress.add_task("Filling the demo: simulated people", total=installs)
        lives = ((number, homes, url, key, end) for number in range(installs))
        left = 0
        for unsent in pool.imap_unordered(_whole_life, lives, chunksize=4):
            left += unsent
            progress.advance(task)
        return left


def _whole_life(life: tuple[int, str, str, str, float]) -> int:
    """Simulate one person and send everything; return how many segments would not go."""
    number, homes, url, key, end = life
    chance = random.Random(SEED + number)
    home = str(Path(homes) / str(number))
    Path(home).mkdir()
    for _ in live(Person.born(chance), home, url, key, end, chance):
        pass
    return _send(home, url, key)


def _send(home: str, url: str, key: str) -> int:
    """Send what waits in `home`, as the client's child does; return how many would not go.

    A collector that says it is busy is given the time it asks for: there is nobody who waits.
    """
    environ = {"HOME": home}
    target = Target(
        directory=f"{home}/.local/state/aider",
        state=f"{home}/.aider/analytics.json",
        endpoint=url,
        key=key,
    )
    for _ in range(20):
        upload.run(target, environ)
        if not segment.any_waits(target.segments):
            return 0
        time.sleep(0.5)
        if Path(target.pause_file).exists():
            os.utime(target.pause_file, (0, 0))
    return len(segment.listed(target.segments))


def _begin() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    leash.end_with_parent()


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        transient=True,
        redirect_stdout=False,
    )
