"""Recommendation on a synthetic shop: hit rate at 10 against popularity, and time per visitor.

Customers have a taste over latent topics, items a content vector that only partly tells theirs, a
tenth of the items are new (nobody took them before). The last item that each customer took is
left out and looked for among all others. The tastes are drawn, so the figures compare methods;
they do not say how well a real shop would fare.

    python -m benchmarks.recommend [--customers 2000] [--items 300] [--seed 0]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from showroom.catalog.recommend import Recommender

F64 = NDArray[np.float64]
TOPICS, COLD, TOP = 12, 0.1, 10


def shop(customers: int, items: int, seed: int) -> tuple[list[list[int]], F64, NDArray[np.bool_]]:
    """What each customer took in order, the items' content, and which items are new."""
    rng = np.random.default_rng(seed)
    tastes = rng.dirichlet(np.full(TOPICS, 0.25), customers)
    nature = rng.dirichlet(np.full(TOPICS, 0.25), items)
    fame = rng.zipf(1.6, items).clip(1, 200) ** 0.7
    noise = rng.normal(0.0, 0.06, nature.shape)
    content = np.hstack([nature + noise, rng.normal(0.0, 0.15, (items, 20))])
    taken: list[list[int]] = []
    for taste in tastes:
        wish = (nature @ taste) ** 2.2 * fame
        wish /= wish.sum()
        count = min(max(4, int(rng.lognormal(np.log(8), 0.5))), int((wish > 0).sum()) - 1)
        taken.append([int(i) for i in rng.choice(items, count, replace=False, p=wish)])
    return taken, content, rng.random(items) < COLD


def figures(
    scores: Callable[[int], F64],
    known: Sequence[Sequence[int]],
    wanted: Sequence[int],
    new: NDArray[np.bool_],
) -> tuple[float, float, float]:
    """Hit rate at 10, normalised discounted gain at 10, hit rate at 10 of new items."""
    hits, gains, fresh = [], [], []
    for customer, item in enumerate(wanted):
        row = np.array(scores(customer), np.float64)
        row[list(known[customer])] = -np.inf
        best = np.argsort(-row, kind="stable")[:TOP]
        place = np.flatnonzero(best == item)
        hits.append(len(place) > 0)
        gains.append(1.0 / np.log2(2 + place[0]) if len(place) else 0.0)
        if new[item]:
            fresh.append(len(place) > 0)
    return float(np.mean(hits)), float(np.mean(gains)), float(np.mean(fresh or [False]))


def main() -> int:
    """Print one line per method and the time per visitor."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=2000)
    parser.add_argument("--items", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    taken, content, new = shop(options.customers, options.items, options.seed)
    wanted = [row[-1] for row in taken]
    known = [[i for i in row[:-1] if not new[i]] for row in taken]
    names = [f"i{i}" for i in range(options.items)]
    histories = [[names[i] for i in row] for row in known]
    popularity = np.bincount([i for row in known for i in row], minlength=options.items)
    started = time.process_time()
    blend = Recommender(names, content, histories)
    fit = time.process_time() - started
    started = time.process_time()
    alone = Recommender(names, np.zeros_like(content), histories)
    fit_alone = time.process_time() - started
    cold = Recommender(names, content)
    methods: dict[str, Callable[[int], F64]] = {
        "popularity": lambda u: popularity.astype(np.float64),
        "content alone": lambda u: cold.scores(histories[u]),
        "EASE": lambda u: alone.scores(histories[u]),
        "EASE + content": lambda u: blend.scores(histories[u]),
    }
    base = 0.0
    print(f"{options.customers} customers, {options.items} items, {sum(map(len, known))} taken")
    for name, scores in methods.items():
        hit, gain, fresh = figures(scores, known, wanted, new)
        base = base or hit
        print(
            f"  {name:<16} HR@10 {hit:.3f} ({hit / base:.2f} x)  "
            f"nDCG@10 {gain:.3f}  new {fresh:.3f}"
        )
    history = dict.fromkeys(histories[0], 1.0)
    started = time.process_time()
    for _ in range(200):
        blend.picks(history, limit=TOP)
    each = (time.process_time() - started) / 200
    print(f"  fit {fit:.2f} s (EASE alone {fit_alone:.2f} s); ten picks in {each * 1e3:.2f} ms")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
