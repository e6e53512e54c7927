"""Writing a publication to files, or saying that those files are stale."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from aboveboard.commands.terminal.output import write
from aboveboard.commands.terminal.paths import typed_path
from aboveboard.commands.terminal.printing import say, warn
from aboveboard.contract.document import html, markdown
from aboveboard.contract.errors import ContractError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aboveboard.contract.document.blocks import Block


def add_outputs(parser: argparse.ArgumentParser, file: str) -> None:
    """Add the arguments that say where a publication is written to.

    Args:
        parser: The action's.
        file: What such a file is called most often.
    """
    parser.add_argument(
        "-o",
        "--output",
        type=typed_path,
        metavar="FILE",
        help=f"write it as Markdown to a file, such as {file}; otherwise it is printed",
    )
    parser.add_argument(
        "--html",
        type=typed_path,
        metavar="FILE",
        help="write it as one HTML file that loads nothing",
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="write nothing, and end with 1 if a file is not what would be written",
    )


def publish(args: argparse.Namespace, blocks: Sequence[Block], description: str) -> int:
    """Write a publication, or check what is written; return the exit code.

    Raises:
        ContractError: there is nothing to check, or a file cannot be written.
    """
    wanted: dict[Path, str] = {}
    if args.output is not None:
        wanted[args.output] = markdown.render(blocks)
    if args.html is not None:
        wanted[args.html] = html.render(blocks, description)
    if args.check:
        return _check(args.action, wanted)
    for path, text in wanted.items():
        _write(path, text)
    if not wanted:
        say(*markdown.render(blocks).removesuffix("\n").split("\n"))
    return 0


def _write(path: Path, text: str) -> None:
    try:
        write(path, text.encode())
    except OSError as error:
        raise ContractError(f"{path} cannot be written: {error.strerror}") from None


def _check(action: str, wanted: dict[Path, str]) -> int:
    if not wanted:
        raise ContractError("--check wants a file to look at: --output FILE or --html FILE")
    stale = False
    for path, text in wanted.items():
        try:
            is_fresh = path.read_text(encoding="utf-8") == text
        except (OSError, UnicodeDecodeError):
            is_fresh = False
        if not is_fresh:
            stale = True
            warn(f"aboveboard catalog {action}: {path} is stale: run the same without --check")
    return int(stale)
