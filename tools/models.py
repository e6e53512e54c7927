"""Make `models.txt`, the public list of model names, from litellm's published price list.

    python tools/models.py path/to/litellm [path/to/an/older/litellm ...]

where a path is that of an unpacked litellm package. Names and providers only are taken; prices,
limits and what is no name (the `sample_spec`, patterns, image sizes) are left out. A name that was
public stays so: what the list has already is kept, though litellm has retired it.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

LIST = Path(__file__).parents[1] / "src/aboveboard/catalog/models.txt"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@/+-]{1,99}", re.ASCII)
PROVIDER = re.compile(r"[a-z0-9][a-z0-9_.-]{1,39}", re.ASCII)
ENUM = re.compile(r"class LlmProviders\(.*?\n(?=\S)", re.DOTALL)
IMAGE_SIZE = re.compile(r"[0-9]+-x-[0-9]+/")


def main(packages: list[Path]) -> None:
    names, providers = listed()
    for package in packages:
        more_names, more_providers = published(package)
        names |= more_names
        providers |= more_providers
    lines = ["# Public model names, from litellm's price list. Made by tools/models.py."]
    lines += [f"provider {name}" for name in sorted(providers)]
    lines += sorted(names)
    LIST.write_text("\n".join(lines) + "\n", encoding="ascii")
    print(f"{LIST.name}: {len(names)} names, {len(providers)} providers")


def listed() -> tuple[set[str], set[str]]:
    """Return the names and the providers that the list has already."""
    words = [line for line in LIST.read_text(encoding="ascii").splitlines() if line[0] != "#"]
    providers = {word.partition(" ")[2] for word in words if " " in word}
    return {word for word in words if " " not in word}, providers


def published(litellm: Path) -> tuple[set[str], set[str]]:
    """Return the names and the providers that a litellm package publishes."""
    price_list = litellm / "model_prices_and_context_window_backup.json"
    prices = json.loads(price_list.read_text(encoding="utf-8"))
    enum = ENUM.search((litellm / "types" / "utils.py").read_text(encoding="utf-8"))
    known = set(re.findall(r'= "([^"]+)"', enum.group())) if enum else set()
    prices.pop("sample_spec", None)
    names = {name for name in prices if NAME.fullmatch(name) and not IMAGE_SIZE.search(name)}
    stated = {str(price.get("litellm_provider", "")) for price in prices.values()}
    leading = {name.split("/")[0] for name in names if "/" in name}
    # Regions and routes also lead names; they are as public as the names that they lead.
    return names, {name for name in stated | leading | known if PROVIDER.fullmatch(name)}


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(str(__doc__))
    main([Path(word) for word in sys.argv[1:]])
