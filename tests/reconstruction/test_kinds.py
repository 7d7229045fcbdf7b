"""What is declared of a product says something of what it is."""

from __future__ import annotations

import pytest

from reconstruction.families import get_family
from reconstruction.fitting import weighed
from reconstruction.networks.inference import Candidate, Structure


def candidate(name: str, probability: float, **values: float) -> Candidate:
    family = get_family(name)
    full = {p.name: p.default for p in family.parameters} | values
    choices = {c.name: c.default for c in family.choices}
    return Candidate(
        name,
        probability,
        full,
        {p.name: 0.1 * (p.maximum - p.minimum) for p in family.parameters},
        0.1,
        (Structure(choices, 1.0),),
        frozenset(full),
    )


def test_no_rug_is_as_high_as_a_lamp() -> None:
    found = weighed([candidate("rug", 0.9), candidate("lamp", 0.1)], {"height": 1.7})
    assert [c.family for c in found] == ["lamp"]
    assert found[0].probability == pytest.approx(1.0)


def test_a_usual_size_speaks_for_a_kind_and_an_unusual_one_against() -> None:
    both = [candidate("table", 0.55, height=0.75), candidate("cabinet", 0.45, height=2.0)]
    assert weighed(both, {"height": 2.0})[0].family == "cabinet"
    assert weighed(both, {"height": 0.75})[0].family == "table"
    shares = [c.probability for c in weighed(both, {"height": 1.2})]
    assert sum(shares) == pytest.approx(1.0)
    assert shares == sorted(shares, reverse=True)


def test_what_fits_no_kind_leaves_all_as_they_were() -> None:
    both = [candidate("table", 0.6), candidate("rug", 0.4)]
    assert weighed(both, {"height": 9.0}) == tuple(both)
    assert weighed(both, {}) == tuple(both)
