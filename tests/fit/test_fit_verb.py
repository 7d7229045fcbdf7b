"""``showroom fit`` at its edges: its poses, and nothing written for what there is not."""

from pathlib import Path

import numpy as np
import pytest

from showroom.counter.fitting import POSES, FitWishes, posed, run_fit
from showroom.fit import body
from showroom.fit.errors import BodyError, FitError, GarmentError, PoseError

PRODUCTS = Path(__file__).parents[2] / "assets/products"


@pytest.fixture(scope="module")
def woman():
    return body.solve(1.68, "female", {"bust": 0.92, "waist": 0.74, "hip": 0.99})


def test_every_pose_has_both_feet_on_the_floor_and_is_what_it_is_called(woman):
    states = {name: posed(woman, name) for name in POSES}
    skins = {name: woman.skin(state) for name, state in states.items()}
    for skin in skins.values():
        assert abs(float(skin[:, 1].min())) < 0.03
    tall = {name: float(np.ptp(skin[:, 1])) for name, skin in skins.items()}
    assert tall["arms-up"] > tall["stand"] + 0.2
    assert tall["crouch"] < tall["sit"] < tall["stand"] - 0.3


@pytest.mark.parametrize(
    ("change", "error", "field"),
    [
        ({"pose": "fly"}, PoseError, "pose"),
        ({"motion": "nowhere.bvh"}, Exception, ""),
        ({"body": "height=0.40"}, BodyError, "height"),
        ({"body": "height=1.70,waist=nan"}, BodyError, "tape.waist"),
        ({"body": "height=1.70,waist=wide"}, BodyError, "tape.waist"),
        ({"body": "waist=0.8"}, BodyError, "body.height"),
        ({"products": (PRODUCTS / "chair",)}, GarmentError, "product"),
    ],
)
def test_what_cannot_be_is_refused_with_its_field_and_nothing_is_written(
    tmp_path, change, error, field
):
    wishes = {"products": (PRODUCTS / "tshirt",), "body": "height=1.70", **change}
    with pytest.raises(error) as refused:
        run_fit(FitWishes(**wishes), tmp_path / "out")
    assert not (tmp_path / "out").exists()
    if isinstance(refused.value, FitError):
        assert refused.value.field == field
        assert field in str(refused.value)
        assert refused.value.expected
