"""Makes messy e-commerce events as CSV: views, carts and purchases, with the faults that real exports have.

The same seed and number of rows give the same file, byte for byte, on every Python. The sample beside this file is

    python generate.py --rows 20000 --seed 7 --out events.csv
"""

from __future__ import annotations

import argparse
import csv
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TextIO, TypeVar

HEADER = ["event_time", "event_type", "event_id", "product_id", "category", "brand", "price", "user_id", "session_id"]
CATEGORIES = {
    "electronics": (("Apex", "Volt", "Nordlicht", "Kaiju"), 15, 900),
    "books": (("Kastanie", "Foliant", "O'Leary & Sons"), 4, 60),
    "garden": (("Grün, Gras & Co", "Terra", 'Stone "Rock" Works'), 6, 250),
    "toys": (("Piñata", "Bloc", "Tumble"), 3, 120),
}
MONDAY = datetime(2026, 1, 5)
DAYS = (0, 1, 2, 3, 4, 5, 5, 6, 6, 7, 8, 9, 10, 11, 12, 12, 13, 13)
"""Two weeks; a day that stands here twice is as busy as two."""
HOURS = (*range(24), *range(8, 23), *range(11, 14), *range(17, 22), *range(18, 22))
"""The hours in which visits begin, the busy ones more often."""
AT_ONCE = 20
"""So many visitors are in the shop at any time: the rows of their sessions are interleaved."""

T = TypeVar("T")


@dataclass(frozen=True)
class Product:
    """What the shop sells; some products have no brand."""

    id: str
    category: str
    brand: str
    price: str


class Shop:
    """Draws sessions of customers. Only ``random.random`` is used, which is the same in every version of Python."""

    def __init__(self, seed: int) -> None:
        self._draw = random.Random(seed).random
        self._events = 0
        self._sessions = 0
        self._products = [self._product(number) for number in range(900)]

    def below(self, limit: int) -> int:
        """A whole number from 0 to ``limit``, which is left out."""
        return int(self._draw() * limit)

    def pick(self, options: Sequence[T]) -> T:
        """One of ``options``."""
        return options[self.below(len(options))]

    def chance(self, probability: float) -> bool:
        """True as often as ``probability`` says."""
        return self._draw() < probability

    def _product(self, number: int) -> Product:
        category = self.pick(tuple(CATEGORIES))
        brands, low, high = CATEGORIES[category]
        brand = "" if self.chance(0.03) else brands[min(self.below(len(brands)), self.below(len(brands)))]
        share = self._draw()
        price = low + (high - low) * share * share * share
        return Product(f"p{number:04d}", category, brand, f"{price:.2f}")

    def session(self) -> Iterator[list[str]]:
        """The events of one visit: views, and for some products a cart and a purchase."""
        self._sessions += 1
        session, user = f"s{self._sessions:07d}", f"u{self.below(4000):05d}"
        moment = MONDAY + timedelta(days=self.pick(DAYS), hours=self.pick(HOURS), seconds=self.below(3600))
        for _ in range(1 + self.below(6)):
            product = self._products[min(self.below(900), self.below(900))]
            kinds = ["view"]
            if self.chance(0.25):
                kinds.append("cart")
                if self.chance(0.45):
                    kinds.append("purchase")
            for kind in kinds:
                moment += timedelta(seconds=5 + self.below(240))
                self._events += 1
                event = f"e{self._events:08d}"
                yield [str(moment), kind, event, product.id, product.category, product.brand, product.price, user, session]

    def spoil(self, row: list[str]) -> Iterator[list[str]]:
        """The row as it comes out of the export: mostly as it was, sometimes with a fault, sometimes more than once."""
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
            row = row[: 3 + self.below(5)] if self.chance(0.6) else [*row, "extra"]
        elif fault < 0.045:
            row[2] = f"e{1 + self.below(self._events):08d}"
        elif fault < 0.075:
            row = [f" {value}" if self.chance(0.5) else f"{value}\t " for value in row]
        elif fault < 0.125:
            row[1], row[4], row[5] = row[1].upper(), row[4].title(), row[5].upper()
        yield row
        if self.chance(0.015):
            yield row

    def rows(self) -> Iterator[list[str]]:
        """Rows without end."""
        visits = [self.session() for _ in range(AT_ONCE)]
        while True:
            place = self.below(AT_ONCE)
            event = next(visits[place], None)
            if event is None:
                visits[place] = self.session()
            else:
                yield from self.spoil(event)


def write(out: TextIO, count: int, seed: int) -> None:
    """Write a header and ``count`` rows."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows(row for row, _ in zip(Shop(seed).rows(), range(count)))


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=20_000, help="rows without the header (default 20000)")
    parser.add_argument("--seed", type=int, default=7, help="the same seed gives the same file (default 7)")
    parser.add_argument("--out", help="the file to write (default: standard output)")
    given = parser.parse_args()
    if given.out is None:
        sys.stdout.reconfigure(encoding="utf-8", newline="")
        write(sys.stdout, given.rows, given.seed)
        return
    with open(given.out, "w", encoding="utf-8", newline="") as file:
        write(file, given.rows, given.seed)


if __name__ == "__main__":
    main()
