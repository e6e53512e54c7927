"""`aboveboard catalog policy`: a tool's privacy policy."""

from __future__ import annotations

import argparse

from aboveboard.commands.contract.catalog import TARGET_HELP, host
from aboveboard.commands.contract.published import add_outputs, publish
from aboveboard.contract.publication.policy import policy


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("target", help=TARGET_HELP)
    add_outputs(parser, "PRIVACY.md")


def run(args: argparse.Namespace) -> int:
    tool = host(args.target)
    described = f"What {tool.name}'s analytics collect, who gets it, and what your rights are."
    return publish(args, policy(tool), described)
