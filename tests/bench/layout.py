"""What laying a graph out and drawing it costs, for 100, 1,000 and 10,000 tasks.

``python -m tests.bench.layout``; prints milliseconds, the best of several, and how many lines cross.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from nbflow.core.progress import RunProgress, TaskProgress
from nbflow.plan.export.graph import graph_svg
from nbflow.plan.lanes import crossings, make_net, order_rows
from nbflow.plan.layout import lay_out


def layered(count: int) -> dict[str, tuple[str, ...]]:
    """A graph of as many layers as each has tasks: two parents a task from the layer before, now and then one from further back."""
    dice = random.Random(1)
    width = max(2, round(count**0.5))
    keys = [f"t{at}" for at in range(count)]
    edges = {}
    for at, key in enumerate(keys):
        first = at // width * width
        before = keys[max(0, first - width) : first]
        far = keys[: max(0, first - width)]
        parents = [dice.choice(before) for _ in range(2)] if before else []
        edges[key] = tuple(dict.fromkeys([*parents, *([dice.choice(far[-3 * width :])] if far and dice.random() < 0.05 else [])]))
    return edges


def best(work: Callable[[], object], times: int) -> float:
    """The shortest of so many calls, in milliseconds."""
    found = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        found.append((time.perf_counter() - began) * 1000)
    return min(found)


def main() -> None:
    """Print a line for each size."""
    for count in (100, 1_000, 10_000):
        edges = layered(count)
        run = RunProgress(1, "p", "spark", "RUNNING", None, None, None, {key: TaskProgress(key, parents) for key, parents in edges.items()})
        net = make_net(list(edges), edges)
        before = crossings(net)
        order_rows(net)
        times = 20 if count < 10_000 else 3
        print(
            f"{count:6} tasks {len(net.layer) - count:6} lanes {max(net.layer) + 1:4} layers: layout {best(lambda: lay_out(edges), times):8.1f} ms, "
            f"picture {best(lambda: graph_svg(run), times):8.1f} ms, crossings {before} -> {crossings(net)}"
        )


if __name__ == "__main__":
    main()
