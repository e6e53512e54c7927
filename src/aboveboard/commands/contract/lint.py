"""`aboveboard catalog lint`: what is wrong with a catalog, by rules that have names."""

from __future__ import annotations

import argparse
import json
from datetime import datetime, timezone
from importlib import resources
from typing import TYPE_CHECKING

from aboveboard.commands.contract.catalog import TARGET_HELP, host
from aboveboard.commands.terminal.printing import say
from aboveboard.contract.lint import RULES, check
from aboveboard.contract.rules.rule import ADVICE, FAULT, WARNING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aboveboard.contract.lint import Finding


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("target", help=TARGET_HELP)
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", help="what to write (text)"
    )
    parser.add_argument("--strict", action="store_true", help="warnings are faults too")
    parser.add_argument(
        "--ignore",
        action="append",
        default=[],
        metavar="RULE[=PLACE]",
        help="set a rule aside, everywhere or for one event or event.property; may be repeated",
    )


def run(args: argparse.Namespace) -> int:
    tool = host(args.target)
    catalog = tool.catalog
    today = datetime.now(timezone.utc).date().isoformat()
    findings = check(catalog, today, read_by_insights(), args.ignore, tool.key)
    fails = (FAULT, WARNING) if args.strict else (FAULT,)
    failed = any(finding.level in fails for finding in findings)
    if args.format == "json":
        told = [finding._asdict() for finding in findings]
        document = {"app": catalog.app, "failed": failed, "findings": told}
        say(*json.dumps(document, indent=1).split("\n"))
    else:
        say(*as_text(findings))
    return 1 if failed else 0


def as_text(findings: Sequence[Finding]) -> list[str]:
    """Return the findings as lines, a level each, and a sum."""
    lines = [
        f"{finding.level}: {finding.place}: {finding.said} [{finding.rule}]" for finding in findings
    ]
    number = {
        level: sum(finding.level == level for finding in findings)
        for level in (FAULT, WARNING, ADVICE)
    }
    if not findings:
        return [f"Nothing to say: {len(RULES)} rules hold."]
    faults, warnings, advice = number.values()
    return [*lines, "", f"Faults: {faults}. Warnings: {warnings}. Advice: {advice}."]


def read_by_insights() -> set[str]:
    """Return the properties that some insight reads by name, as `event.property`."""
    read = set()
    for file in resources.files("aboveboard").joinpath("insights/questions").iterdir():
        if file.name.endswith(".json"):
            question = json.loads(file.read_text(encoding="utf-8"))
            for key in ("needs", "needs_any", "uses"):
                read |= set(question.get(key, ()))
    return read
