"""Makes messy e-commerce events as CSV: views, carts and purchases, with the faults that real exports have.

The same seed and number of rows give the same file, byte for byte, on every Python. The sample beside this file is

    python generate.py --rows 20000 --seed 7 --out events.csv
"""

from __future__ import annotations

import argparse
import csv
import random
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TextIO

HEADER = ["event_time", "event_type", "event_id", "product_id", "category", "brand", "price", "user_id", "session_id"]
CATEGORIES = {
    "electronics": (["Apex", "Volt", "Nordlicht", "Kaiju"], 20.0, 900.0),
    "books": (["Kastanie", "Foliant", "O'Leary & Sons"], 4.0, 60.0),
    "garden": (["Grün, Gras & Co", "Terra", "Stone \"Rock\" Works"], 6.0, 250.0),
    "toys": (["Piñata", "Bloc", "Tumble"], 3.0, 120.0),
}
FIRST_DAY = datetime(2026, 1, 5)
DAYS = 14


class Shop:
    """Draws sessions of customers. Only ``random.random`` is used, which is the same in every version of Python."""

    def __init__(self, seed: int) -> None:
        self._draw = random.Random(seed).random
        self._events = 0
        self._sessions = 0

    def pick(self, options: list[str]) -> str:
        """One of ``options``."""
        return options[int(self._draw() * len(options))]

    def chance(self, probability: float) -> bool:
        """True as often as ``probability`` says."""
        return self._draw() < probability

    def session(self) -> Iterator[list[str]]:
        """The events of one visit: views, and for some products a cart and a purchase."""
        self._sessions += 1
        session, user = f"s{self._sessions:07d}", f"u{int(self._draw() * 4000):05d}"
        moment = FIRST_DAY + timedelta(seconds=int(self._draw() * DAYS * 86400))
        for _ in range(1 + int(self._draw() * 6)):
            category = self.pick(list(CATEGORIES))
            brands, low, high = CATEGORIES[category]
            brand = "" if self.chance(0.03) else self.pick(brands)
            product = f"p{int(self._draw() * 900):04d}"
            price = f"{low + (high - low) * self._draw() ** 3:.2f}"
            kinds = ["view"]
            if self.chance(0.25):
                kinds.append("cart")
                if self.chance(0.45):
                    kinds.append("purchase")
            for kind in kinds:
                moment += timedelta(seconds=5 + int(self._draw() * 240))
                self._events += 1
                time = moment.strftime("%Y-%m-%d %H:%M:%S")
                yield [time, kind, f"e{self._events:08d}", product, category, brand, price, user, session]

    def spoil(self, row: list[str]) -> Iterator[list[str]]:
        """The row as it comes out of the export: mostly as it was, sometimes with a fault, sometimes more than once."""
        row = list(row)
        fault = self._draw()
        if fault < 0.010:
            row[6] = ""
        elif fault < 0.015:
            row[6] = f"-{row[6]}"
        elif fault < 0.025:
            row[0] = self.pick(["", "yesterday", row[0].replace("-", "/"), row[0][:10], row[0][:5] + "13" + row[0][7:]])
        elif fault < 0.030:
            row[1] = self.pick(["hover", "refund", "", "purchas"])
        elif fault < 0.040:
            row = row[: 3 + int(self._draw() * 5)] if self.chance(0.6) else [*row, "extra"]
        elif fault < 0.045:
            row[2] = f"e{1 + int(self._draw() * self._events):08d}"
        elif fault < 0.075:
            row = [f" {value}" if self.chance(0.5) else f"{value}  " for value in row]
        elif fault < 0.125:
            row[1], row[4], row[5] = row[1].upper(), row[4].title(), row[5].upper()
        yield row
        if self.chance(0.015):
            yield row


def rows(count: int, seed: int) -> Iterator[list[str]]:
    """``count`` rows, sessions interleaved a little, as a log of many visitors is."""
    shop = Shop(seed)
    waiting: list[Iterator[list[str]]] = []
    made = 0
    while made < count:
        if len(waiting) < 20:
            waiting.append(shop.session())
            continue
        visit = waiting[int(shop._draw() * len(waiting))]
        event = next(visit, None)
        if event is None:
            waiting.remove(visit)
            continue
        for row in shop.spoil(event):
            if made < count:
                made += 1
                yield row


def write(out: TextIO, count: int, seed: int) -> None:
    """Write a header and ``count`` rows."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows(rows(count, seed))


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=20_000, help="rows without the header (default 20000)")
    parser.add_argument("--seed", type=int, default=7, help="the same seed gives the same file (default 7)")
    parser.add_argument("--out", help="the file to write (default: standard output)")
    given = parser.parse_args()
    if given.out is None:
        write(sys.stdout, given.rows, given.seed)
        return
    with open(given.out, "w", encoding="utf-8", newline="") as file:
        write(file, given.rows, given.seed)


if __name__ == "__main__":
    main()
