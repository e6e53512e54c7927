"""What the arguments of a real aider come to, for many people and projects in one process.

A program for the Python that aider runs on. Its only argument is a directory with a folder for each
case: `home`, `project` (both with aider's files, if any) and `case.json`, what the person has in
their environment and has typed. It prints what each comes to, as JSON.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from pathlib import Path
from typing import Any

from aboveboard.client.decision import environment, startup
from aboveboard.hosts.aider import analytics, settings


def main() -> None:
    analytics.configure("0.86.2", "", "")
    aider_args = importlib.import_module("aider.args")
    load_dotenv_files = importlib.import_module("aider.main").load_dotenv_files
    found = []
    for folder in sorted(Path(sys.argv[1]).iterdir()):
        case = json.loads((folder / "case.json").read_text())
        found.append(come_to(folder, case, aider_args, load_dotenv_files))
    print(json.dumps(found))


def come_to(folder: Path, case: Any, aider_args: Any, load_dotenv_files: Any) -> dict[str, Any]:
    """Do what `aider.main` does with its arguments."""
    home, project = folder / "home", folder / "project"
    os.environ.clear()
    os.environ.update(case["start"], HOME=str(home))
    os.chdir(project)
    startup.follow(dict(os.environ))
    analytics._process.person = settings.Person()
    files = [str(project / ".aider.conf.yml"), str(home / ".aider.conf.yml")]
    parser = aider_args.get_parser(list(reversed(files)), str(project))
    args, _ = parser.parse_known_args(case["typed"])
    load_dotenv_files(str(project), args.env_file, args.encoding)
    args = parser.parse_args(case["typed"])
    counts = environment.narrowed("aider", startup.environ(), os.environ)
    wanted = environment.wanted("aider", counts)
    return {
        "off": environment.do_not_track(counts) or wanted is False or args.analytics is False,
        "yes": args.analytics is True or wanted is True,
        "forever": args.analytics_disable,
        "log": args.analytics_log,
        "host": args.analytics_posthog_host,
        "home": counts.get("HOME") == str(home),
        "proxy": counts.get("http_proxy"),
    }


if __name__ == "__main__":
    main()
