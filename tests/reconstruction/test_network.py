"""The network, its vocabulary, its weights on disk and the training loop."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from reconstruction.errors import WeightsError
from reconstruction.families import family_names, get_family
from reconstruction.networks.crop import cut, square_around
from reconstruction.networks.inherit import inherit
from reconstruction.networks.network import INPUT, ReconstructionNet, ResNet18, as_input
from reconstruction.networks.provenance import data_hash
from reconstruction.networks.train_reconstruction import answer_losses, laplace
from reconstruction.networks.train_segmentation import mask_loss
from reconstruction.networks.training import Batch, Losses, TrainSettings, fit
from reconstruction.networks.unet import UNet
from reconstruction.networks.vocabulary import (
    LOG_SCALE,
    Vocabulary,
    known_categories,
    measure_vocabulary,
)
from reconstruction.networks.weights import load_weights, save_weights


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return measure_vocabulary(family_names(), samples=40)


def test_the_vocabulary_survives_json(vocabulary: Vocabulary):
    again = Vocabulary.from_document(json.loads(json.dumps(vocabulary.document())))
    assert again == vocabulary


def test_every_parameter_and_choice_has_a_place(vocabulary: Vocabulary):
    for i, words in enumerate(vocabulary.families):
        family = get_family(words.name)
        assert [c.name for c in words.columns] == [LOG_SCALE, *(p.name for p in family.parameters)]
        columns = vocabulary.columns_of(i)
        assert columns.stop - columns.start == len(words.columns)
    assert vocabulary.columns_of(len(vocabulary.families) - 1).stop == vocabulary.column_count


def test_lengths_are_learned_relative_to_the_size(vocabulary: Vocabulary):
    words = vocabulary.families[vocabulary.family_names.index("chair")]
    family = get_family("chair")
    values = {p.name: p.default for p in family.parameters}
    metric = {p.name for p in family.parameters if p.unit == "m"}
    half = {n: v / 2 if n in metric else v for n, v in values.items()}
    every = frozenset(values)
    whole, small = words.encode(values, every), words.encode(half, every)
    assert np.allclose(whole[1:], small[1:], atol=1e-4)
    shift = (whole[0] - small[0]) * words.columns[0].deviation
    assert math.isclose(shift, math.log(2), abs_tol=1e-4)


def test_what_cannot_be_seen_is_no_target(vocabulary: Vocabulary):
    words = vocabulary.families[vocabulary.family_names.index("chair")]
    values = {p.name: p.default for p in get_family("chair").parameters}
    target = words.encode(values, frozenset({"width"}))
    known = [c.name for c, t in zip(words.columns, target, strict=True) if not np.isnan(t)]
    assert known == [LOG_SCALE, "width"]


def test_the_trunk_has_torchvisions_names():
    names = set(ResNet18().state_dict())
    for name in (
        "conv1.weight",
        "bn1.running_var",
        "layer1.0.conv1.weight",
        "layer2.0.downsample.0.weight",
        "layer4.1.bn2.bias",
    ):
        assert name in names
    assert not any(n.startswith("layer1.0.downsample") for n in names)
    # 122 tensors in torchvision's resnet18, of which fc's two are not the trunk's.
    assert len(names) == 120


def test_answers_have_the_vocabularys_shapes(vocabulary: Vocabulary):
    net = ReconstructionNet(vocabulary, 8).eval()
    crops = torch.zeros(2, INPUT, INPUT, 4, dtype=torch.uint8)
    with torch.inference_mode():
        answers = net(as_input(crops))
    assert answers.category.shape == (2, len(known_categories()))
    assert answers.mean.shape == answers.spread.shape == (2, vocabulary.column_count)
    assert answers.choices.shape == (2, sum(vocabulary.choice_sizes))
    assert answers.landmarks.shape == (2, len(vocabulary.landmarks), 2)


def test_the_spread_is_cheapest_at_the_true_error():
    error = torch.full((1, 1), 0.4)
    known = torch.ones(1, 1, dtype=torch.bool)
    spreads = torch.linspace(-3, 1, 81)
    # The weight by the spread is a constant to the gradient; compare gradients, not values.
    slopes = []
    for s in spreads:
        x = s.clone().view(1, 1).requires_grad_()
        laplace(error, x, known).backward()
        slopes.append(float(x.grad))
    best = float(spreads[int(np.argmin(np.abs(slopes)))])
    assert math.isclose(math.exp(best), 0.4, rel_tol=0.06)


def test_unknown_answers_cost_nothing(vocabulary: Vocabulary):
    net = ReconstructionNet(vocabulary, 8).eval()
    points = len(vocabulary.landmarks)
    batch = {
        "crop": torch.zeros(2, INPUT, INPUT, 4, dtype=torch.uint8),
        "category": torch.tensor([0, 1]),
        "family": torch.tensor([-1, -1]),
        "values": torch.full((2, vocabulary.column_count), math.nan),
        "choices": torch.full((2, len(vocabulary.choice_sizes)), -1),
        "camera": torch.full((2, 5), math.nan),
        "landmarks": torch.full((2, points, 2), math.nan),
        "visible": torch.full((2, points), math.nan),
    }
    losses = answer_losses(vocabulary, net(as_input(batch["crop"])), batch)
    assert set(losses) == {"category", "values", "camera", "landmarks", "visible"}
    for name in ("values", "camera", "landmarks", "visible"):
        assert float(losses[name].detach()) == 0.0


def test_unknown_mask_pixels_cost_nothing():
    net = UNet((8, 8, 8, 8)).eval()
    rgb = torch.randint(0, 256, (1, 64, 64, 3), dtype=torch.uint8)
    mask = torch.zeros(1, 32, 32, dtype=torch.uint8)
    mask[:, 8:20, 8:20] = 255
    unsure = mask.clone()
    unsure[:, :4] = 128
    sure = mask_loss(net, {"rgb": rgb, "mask": unsure})["entropy"]
    logits, _ = net(rgb.permute(0, 3, 1, 2).float() / 255 - 0.5)
    inside = nn.functional.binary_cross_entropy_with_logits(
        logits[:, 0, 4:], (mask[:, 4:] == 255).float()
    )
    assert math.isclose(float(sure.detach()), 2 * float(inside.detach()), rel_tol=1e-4)


def test_weights_keep_header_and_values(tmp_path: Path):
    path = tmp_path / "w.safetensors"
    state = {"a": torch.tensor([1.5, -2.25]), "n": torch.tensor(7)}
    save_weights(path, state, {"command": "x", "seed": 3, "名": "字"})
    again, header = load_weights(path)
    assert header == {"command": "x", "seed": 3, "名": "字"}
    assert again["a"].dtype == torch.float32
    assert torch.equal(again["a"], state["a"])
    assert int(again["n"]) == 7
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_without_our_header_is_refused(tmp_path: Path):
    from safetensors.torch import save_file

    path = tmp_path / "foreign.safetensors"
    save_file({"a": torch.zeros(2)}, path)
    with pytest.raises(WeightsError, match="no weights file of this package"):
        load_weights(path)


class _Line(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1, 1, 1, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * self.weight.view(())


def _draw(rng: np.random.Generator) -> dict[str, np.ndarray[Any, Any]]:
    x = rng.standard_normal(1).astype(np.float32)
    return {"x": x, "y": 3 * x}


def _loss(net: nn.Module, batch: Batch) -> Losses:
    return {"square": (net(batch["x"]) - batch["y"]).square().mean()}


def test_training_learns_resumes_and_keeps_curves(tmp_path: Path):
    run = tmp_path / "run.pt"
    common = {"minutes": 60, "batch": 8, "rate": 0.1, "workers": 0, "average": 0.9}
    short = TrainSettings(images=1600, **common)
    _, first = fit(_Line(), _draw, _loss, short, run)
    longer = TrainSettings(images=3200, **common)
    net, second = fit(_Line(), _draw, _loss, longer, run)
    assert (first.step, second.step) == (200, 400)
    assert (first.resumed, second.resumed) == (0, 1)
    assert abs(float(net.weight.item()) - 3) < 0.2
    lines = [json.loads(x) for x in run.with_suffix(".jsonl").read_text().splitlines()]
    assert lines[-1]["square"] < 0.2
    assert [x["step"] for x in lines] == sorted(x["step"] for x in lines)
    assert not list(tmp_path.glob("*.partial"))


_TOGETHER = """
import sys
from pathlib import Path
import numpy as np
import torch
from torch import nn
from reconstruction.networks.group import leader_first, training_group
from reconstruction.networks.training import TrainSettings, fit

folder = Path(sys.argv[1])

class Line(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))
        self.idle = nn.Parameter(torch.zeros(1))

    def forward(self, x):
        return x * self.weight

def draw(rng):
    x = rng.standard_normal(1).astype(np.float32)
    return {"x": x, "y": 3 * x}

drawn = []

def loss(net, batch):
    drawn.append(float(batch["x"][0]))
    return {"square": (net(batch["x"]) - batch["y"]).square().mean()}

group = training_group()
with leader_first(group):
    (folder / "bank").mkdir(exist_ok=not group.leads)
settings = TrainSettings(minutes=60, images=3200, batch=8, rate=0.1, workers=0, average=0.9)
net, progress = fit(Line(), draw, loss, settings, folder / "run.pt")
text = f"{progress.step} {progress.images} {net.weight.item()} {drawn[0]}"
(folder / f"{group.rank}.txt").write_text(text)
"""


@pytest.mark.slow
def test_two_processes_train_one_network_on_pictures_of_their_own(tmp_path: Path):
    script = tmp_path / "together.py"
    script.write_text(_TOGETHER)
    run = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    where = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [*run, str(script), str(tmp_path)], env=where, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr[-2000:]
    first, second = ((tmp_path / f"{rank}.txt").read_text().split() for rank in (0, 1))
    # 3,200 pictures are 200 steps of 8 in each of two processes.
    assert first[:2] == second[:2] == ["200", "3200"]
    assert first[2] == second[2]
    assert abs(float(first[2]) - 3) < 0.3
    assert first[3] != second[3]
    lines = (tmp_path / "run.jsonl").read_text().splitlines()
    assert [json.loads(x)["step"] for x in lines] == [200]


def test_a_run_of_several_checkpoints_ends_with_a_picture_of_its_curves(tmp_path: Path):
    pytest.importorskip("matplotlib", reason="curves are drawn with the train extra")
    run = tmp_path / "run.pt"
    often = TrainSettings(minutes=60, images=64, batch=8, workers=0, save_every=0.0)
    fit(_Line(), _draw, _loss, often, run)
    with Image.open(run.with_suffix(".png")) as picture:
        assert min(picture.size) > 100


def test_a_data_hash_tells_contents_and_names_but_not_places(tmp_path: Path):
    for name in ("a", "b"):
        (tmp_path / name / "inner").mkdir(parents=True)
        (tmp_path / name / "inner" / "x.npz").write_bytes(b"12")
        (tmp_path / name / "y.npz").write_bytes(b"3")
    assert data_hash(tmp_path / "a") == data_hash(tmp_path / "b")
    before = data_hash(tmp_path / "a")
    (tmp_path / "a" / "y.npz").write_bytes(b"4")
    assert data_hash(tmp_path / "a") != before
    (tmp_path / "b" / "y.npz").rename(tmp_path / "b" / "z.npz")
    assert data_hash(tmp_path / "b") != before


def test_a_checkpoint_of_another_network_is_refused(tmp_path: Path):
    run = tmp_path / "run.pt"
    brief = TrainSettings(minutes=60, images=4, batch=2, workers=0)
    fit(_Line(), _draw, _loss, brief, run)
    with pytest.raises(WeightsError, match="another network"):
        fit(nn.Linear(1, 1), _draw, _loss, brief, run)


def test_a_crop_finds_its_way_back():
    mask = np.zeros((300, 400), np.float32)
    mask[100:220, 50:350] = 1
    square = square_around(mask, 0.1)
    corners = np.array([[-1, -1], [1, 1]], np.float32)
    back = square.to_photo(corners)
    assert np.allclose(back[1] - back[0], 300 * 1.2, atol=1e-3)
    assert np.allclose(back.mean(axis=0), (200, 160), atol=1e-3)
    crop = cut(np.zeros((300, 400, 3), np.uint8), mask, square, 128)
    ys, xs = np.nonzero(crop[..., 3] > 127)
    assert abs(np.ptp(xs) + 1 - 128 / 1.2) <= 2
    assert abs(xs.mean() - 63.5) <= 1
    assert abs(ys.mean() - 63.5) <= 1


def test_an_empty_mask_is_cropped_as_the_whole_photo():
    square = square_around(np.zeros((100, 200), np.float32))
    assert (square.x, square.y, square.side) == (0, -50, 200)


def test_a_grown_vocabulary_inherits_the_answers_of_earlier_weights(tmp_path: Path):
    old = measure_vocabulary(("skirt", "table"), 0, 40)
    new = measure_vocabulary(("table", "skirt", "t_shirt"), 1, 60)
    torch.manual_seed(0)
    before = ReconstructionNet(old, 8).eval()
    path = tmp_path / "old.safetensors"
    save_weights(path, before.state_dict(), {"vocabulary": old.document()})
    after = ReconstructionNet(new, 8).eval()
    inherit(after, path)
    crops = torch.randint(0, 256, (2, INPUT, INPUT, 4), dtype=torch.uint8)
    with torch.inference_mode():
        said, says = before(as_input(crops)), after(as_input(crops))
    for family, name in ((1, "table"), (0, "skirt")):
        grown = new.family_names.index(name)
        for a, column in zip(
            said.mean[:, old.columns_of(family)].T, old.families[family].columns, strict=True
        ):
            j = [c.name for c in new.families[grown].columns].index(column.name)
            other = new.families[grown].columns[j]
            b = says.mean[:, new.columns_of(grown).start + j]
            assert torch.allclose(
                a * column.deviation + column.mean,
                b * other.deviation + other.mean,
                atol=0.02 * column.deviation + 2e-3,
            )
    assert torch.allclose(said.camera, says.camera, atol=1e-2)
