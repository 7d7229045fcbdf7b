"""A visitor's body: tape to body against one body of the basis, and the photo network's latency.

Usage: python benchmarks/body.py [BODIES]

CPU time of one thread, medians. The baseline of the tape is Anny's own forward where anny is
installed (one body, rest pose), else this package's basis; the network's is one drawn silhouette.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from showroom.fit import basis, body, measure
from showroom.fit.errors import BodyError
from showroom.fit.silhouette.population import SEXES, Person, random_person

_TAPE = ("bust", "waist", "hip", "inseam", "arm_length", "shoulder", "neck")


def median_ms(call: Callable[[], object], times: int) -> float:
    """Median CPU time of a call, milliseconds."""
    call()
    spent = []
    for _ in range(times):
        start = time.thread_time()
        call()
        spent.append(time.thread_time() - start)
    return float(np.median(spent)) * 1e3


def anny_forward() -> Callable[[], object] | None:
    """One forward of Anny itself, where it is installed."""
    try:
        import anny
        import torch
    except ModuleNotFoundError:
        return None
    torch.set_num_threads(1)
    model = anny.Anny(phenotypes="all", local_changes="all").to(dtype=torch.float32)

    def forward() -> object:
        with torch.no_grad():
            return model(phenotype_kwargs={"age": 2 / 3})

    return forward


def tapes(people: list[Person]) -> None:
    """Solve everybody's own tape, and say how near the bodies come."""
    worst, spent, refused = [], [], 0
    for person in people:
        tape = {n: person.measures[n] for n in _TAPE}
        start = time.thread_time()
        try:
            found = body.solve(person.measures["height"], SEXES[person.sex], tape).measures
        except BodyError:
            refused += 1
            continue
        spent.append(time.thread_time() - start)
        worst.append(max(abs(found[n] - v) for n, v in tape.items()))
    p50, p90, most = np.quantile(spent, [0.5, 0.9, 1.0]) * 1e3
    print(f"tape to body          p50 {p50:.0f} ms, p90 {p90:.0f} ms, worst {most:.0f} ms")
    print(
        f"  worst given measure p50 {np.median(worst) * 1e3:.2f} mm, "
        f"worst {max(worst) * 1e3:.2f} mm; refused {refused} of {len(people)}"
    )
    shipped = basis.load()
    own = median_ms(lambda: basis.stand(shipped, shipped.points({}, {})), 20)
    forward = anny_forward()
    reference = ("Anny's forward", median_ms(forward, 10)) if forward else ("the basis", own)
    print(f"  {reference[0]} {reference[1]:.1f} ms, the basis {own:.2f} ms: "
          f"ratio {p50 / reference[1]:.1f} to {reference[0]}")  # fmt: skip
    one = people[0]
    taped = median_ms(lambda: measure.measure(one.vertices, one.joints), 20)
    print(f"  measuring a body    {taped:.2f} ms")


def photos(person: Person) -> None:
    """Latency of drawing a silhouette, and of reading two."""
    import torch

    from showroom.fit.silhouette.example import random_example
    from showroom.fit.silhouette.reader import WEIGHTS, read

    torch.set_num_threads(1)
    drawn = random_example(np.random.default_rng(1), person)
    draw = median_ms(lambda: random_example(np.random.default_rng(1), person), 20)
    print(f"drawing front and side {draw:.1f} ms")
    if not Path(WEIGHTS).exists():
        return
    height = person.measures["height"]
    for name, side in (("front", None), ("front and side", drawn.side)):
        spent = median_ms(partial(read, drawn.front, height, side=side), 20)
        print(f"reading {name:14} {spent:.1f} ms, ratio {spent / draw:.2f} to drawing them")


def main(count: int) -> None:
    """Measure everything."""
    rng = np.random.default_rng(17)
    people: list[Person] = []
    while len(people) < count:
        person = random_person(rng)
        if 0.60 <= person.measures["waist"] <= 1.30:
            people.append(person)
    tapes(people)
    photos(people[0])


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 24)
