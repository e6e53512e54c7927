"""Make `models.txt`, the public list of model names, from litellm's published price list.

    python tools/models.py path/to/litellm

where the path is that of an unpacked litellm package. Names and providers only are taken; prices,
limits and what is no name (the `sample_spec`, patterns, image sizes) are left out.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

LIST = Path(__file__).parents[1] / "src/aboveboard/client/models.txt"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@/+-]{1,99}", re.ASCII)
PROVIDER = re.compile(r"[a-z0-9][a-z0-9_.-]{1,39}", re.ASCII)
ENUM = re.compile(r"class LlmProviders\(.*?\n(?=\S)", re.DOTALL)
IMAGE_SIZE = re.compile(r"[0-9]+-x-[0-9]+/")


def main(litellm: Path) -> None:
    price_list = litellm / "model_prices_and_context_window_backup.json"
    prices = json.loads(price_list.read_text(encoding="utf-8"))
    enum = ENUM.search((litellm / "types" / "utils.py").read_text(encoding="utf-8"))
    known = set(re.findall(r'= "([^"]+)"', enum.group())) if enum else set()
    prices.pop("sample_spec", None)
    names = {name for name in prices if NAME.fullmatch(name) and not IMAGE_SIZE.search(name)}
    stated = {str(price.get("litellm_provider", "")) for price in prices.values()}
    leading = {name.split("/")[0] for name in names if "/" in name}
    # Regions and routes also lead names; they are as public as the names that they lead.
    providers = {name for name in stated | leading | known if PROVIDER.fullmatch(name)}
    lines = ["# Public model names, from litellm's price list. Made by tools/models.py."]
    lines += [f"provider {name}" for name in sorted(providers)]
    lines += sorted(names)
    LIST.write_text("\n".join(lines) + "\n", encoding="ascii")
    print(f"{LIST.name}: {len(names)} names, {len(providers)} providers")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(str(__doc__))
    main(Path(sys.argv[1]))
