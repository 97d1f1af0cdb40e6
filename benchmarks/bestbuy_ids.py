"""The rule that chose the 3,000 products of `sets/bestbuy_ids.txt`.

python benchmarks/bestbuy_ids.py $SHELFWISE_DATA/bestbuy/products.parquet > benchmarks/sets/bestbuy_ids.txt

Goods with brands, model numbers, sizes and colours: 30 kinds, 100 of each. A product qualifies if its number stands
once in the file and has twelve digits, its name begins with its maker and holds a digit. It belongs to the first kind
whose words its name holds. Of each kind those are taken whose sha256 of seed and number is least.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from hashlib import sha256
from pathlib import Path

import pyarrow.parquet as pq

SEED = "shelfwise"
OF_EACH = 100
# In the order in which they are tried: "Laptop Battery" is a battery, "TV Mount" is a mount.
KINDS = {
    "battery": "Battery|Batteries",
    "cable": "Cable",
    "mount": "Mount",
    "stand": "Stand",
    "bag": "Laptop Case|Laptop Sleeve|Case|Sleeve|Backpack",
    "lens": "Lens",
    "monitor": "Monitor",
    "television": "HDTV|LCD TV",
    "printer": "Printer|All-In-One",
    "headphones": "Headphones|Earbud|Headset",
    "camera": "Camera",
    "memory card": "Memory Card|microSD|microSDHC|SDHC|CompactFlash",
    "flash drive": "Flash Drive",
    "hard drive": "Hard Drive",
    "keyboard or mouse": "Keyboard|Mouse",
    "car stereo fitting": "Installation Kit|Wiring Harness|Wire Harness",
    "subwoofer": "Subwoofer",
    "amplifier": "Amplifier",
    "receiver": "Receiver|Home Theater System",
    "speaker": "Speaker",
    "telephone": "Phone",
    "refrigerator": "Refrigerator",
    "dishwasher": "Dishwasher",
    "range": "Range|Cooktop",
    "oven": "Oven|Microwave",
    "washer": "Washer",
    "dryer": "Dryer",
    "kitchen machine": "Blender|Mixer|Coffeemaker|Espresso|Toaster|Food Processor|Slow Cooker",
    "navigator": "GPS",
    "guitar": "Guitar",
}


def choose(path: Path) -> list[str]:
    """The numbers, ascending."""
    rows = pq.read_table(path, columns=["upc", "name", "manufacturer"]).to_pylist()
    times = Counter(row["upc"] for row in rows)
    by_kind: dict[str, list[str]] = {kind: [] for kind in KINDS}
    words = {kind: re.compile(rf"\b(?:{choice})(?:s|es)?\b") for kind, choice in KINDS.items()}
    for row in rows:
        number, name, maker = row["upc"], row["name"], row["manufacturer"]
        if times[number] == 1 and len(number) == 12 and name.startswith(f"{maker} - ") and re.search(r"\d", name):
            kind = next((kind for kind, word in words.items() if word.search(name)), None)
            if maker and kind:
                by_kind[kind].append(number)
    chosen = [number for numbers in by_kind.values() for number in sorted(numbers, key=_dice)[:OF_EACH]]
    return sorted(chosen)


def _dice(number: str) -> str:
    return sha256(f"{SEED}:{number}".encode()).hexdigest()


if __name__ == "__main__":
    print("\n".join(choose(Path(sys.argv[1]))))
