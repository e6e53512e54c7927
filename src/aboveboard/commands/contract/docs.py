"""`aboveboard catalog docs`: a tool's page about its analytics."""

from __future__ import annotations

import argparse

from aboveboard.commands.contract.catalog import TARGET_HELP, host
from aboveboard.commands.contract.published import add_outputs, publish
from aboveboard.commands.contract.where import add_source
from aboveboard.contract.errors import ContractError
from aboveboard.contract.publication.page import page
from aboveboard.contract.source import places
from aboveboard.contract.source.tree import Source


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("target", help=TARGET_HELP)
    add_source(parser)
    add_outputs(parser, "docs/analytics.md")


def run(args: argparse.Namespace) -> int:
    tool = host(args.target)
    found = places.find(Source(args.source), tool.catalog, args.call)
    if found.troubles:
        first = found.troubles[0]
        raise ContractError(
            f"{first.file}:{first.line}: {first.said} (`aboveboard catalog where` tells all such "
            "places)"
        )
    blocks = page(tool, found.places)
    return publish(args, blocks, f"What {tool.name} may collect, from whom, and how to say no.")
