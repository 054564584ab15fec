"""What shapes of text cost that were made to be slow, and how the cost grows.

    python benchmarks/hostile.py [--only NAME] [--sizes 50,100,200,400] [--repeat 2]
                                 [--reading] [--stages] [--seconds 60] [--limits]

Each shape of `tests/generation/sources/hostile_shapes.py` is read at each size (in KB) by a
process of its own, whose CPU time and memory are limited. CPU milliseconds, the least of all
repetitions; `growth` is the largest factor by which a size costs more than half of it, below
20 ms it counts as 20 ms. `--reading` leaves out what a run does with the items. With `--limits` the exit status is 1 where that is above 2.5, or
where a shape needs more time or memory than it has.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import resource
import sys
import time
import traceback
from itertools import pairwise
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CHECKOUT))

from generation.exceptions import GenerationError
from tests.generation.sources.hostile_shapes import READING, SHAPES, stages

MOST_GROWTH = 2.5
FLOOR = 0.02
MEMORY = 1536 * 1024 * 1024


def measure(
    name: str, size: int, *, repeat: int, only_reading: bool = False
) -> dict[str, float]:
    """Return the CPU seconds of each stage, the least of all repetitions, and the memory."""
    least: dict[str, float] = {}
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(repeat):
        for stage, work in stages(name, size):
            if only_reading and stage not in READING:
                continue
            gc.collect()
            begun = time.process_time()
            try:
                work()
            except GenerationError:
                pass
            spent = time.process_time() - begun
            least[stage] = min(spent, least.get(stage, spent))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {**least, "MiB": (peak - before) / 1024}


def apart(
    name: str, size: int, *, repeat: int, seconds: int, only_reading: bool
) -> dict[str, float] | None:
    """Measure in a child. None: it needed more than it was given."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        status = 1
        try:
            os.close(reader)
            resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            found = json.dumps(
                measure(name, size, repeat=repeat, only_reading=only_reading)
            )
            os.write(writer, found.encode())
            status = 0
        except Exception:  # noqa: BLE001 - a child that ends here must not go on as its parent
            traceback.print_exc()
        finally:
            os._exit(status)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        answer = pipe.read()
    os.waitpid(child, 0)
    return json.loads(answer) if answer else None


def growth(costs: list[float]) -> float:
    floored = [max(cost, FLOOR) for cost in costs]
    return max((b / a for a, b in pairwise(floored)), default=1.0)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", action="append", default=[], metavar="NAME")
    parser.add_argument("--sizes", default="50,100,200,400", metavar="KB,KB,...")
    parser.add_argument("--repeat", type=int, default=2)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--reading", action="store_true")
    parser.add_argument("--stages", action="store_true")
    parser.add_argument("--limits", action="store_true")
    options = parser.parse_args()
    sizes = [int(size) for size in options.sizes.split(",")]
    write = sys.stdout.write
    heads = "".join(f"{size:>7} KB" for size in sizes)
    write(f"{'shape':<40}{heads}{'growth':>8}{'MiB':>6}  most in\n")
    is_within = True
    for name in options.only or SHAPES:
        found = []
        for size in sizes:
            result = apart(
                name,
                size * 1000,
                repeat=options.repeat,
                seconds=options.seconds,
                only_reading=options.reading,
            )
            if result is None:
                break
            found.append(result)
        memory = [result.pop("MiB") for result in found]
        costs = [sum(result.values()) for result in found]
        cells = "".join(f"{cost * 1000:>10.0f}" for cost in costs)
        if len(found) < len(sizes):
            write(f"{name:<40}{cells}   beyond its limits\n")
            is_within = False
            sys.stdout.flush()
            continue
        most = growth(costs)
        is_within &= most <= MOST_GROWTH
        last = found[-1]
        worst = max(last, key=lambda stage: last[stage])
        mark = " <<<" if most > MOST_GROWTH else ""
        write(f"{name:<40}{cells}{most:>8.2f}{memory[-1]:>6.0f}  {worst}{mark}\n")
        if options.stages:
            for stage in last:
                cells = "".join(
                    f"{result[stage] * 1000:>10.0f}" if stage in result else f"{'':>10}"
                    for result in found
                )
                write(f"    {stage:<36}{cells}\n")
        sys.stdout.flush()
    return 0 if is_within or not options.limits else 1


if __name__ == "__main__":
    sys.exit(main())
