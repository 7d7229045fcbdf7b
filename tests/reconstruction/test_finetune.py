"""Fine-tuning on a shop, and the model cards."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from reconstruction.data.consensus import LabelledPhoto
from reconstruction.data.shop import Shop, ShopMember, ShopPhoto, read_shop
from reconstruction.errors import ParameterError, WeightsError
from reconstruction.families import family_names, get_family
from reconstruction.networks.card import BEGIN, END, renew, write_cards
from reconstruction.networks.finetune import (
    finetune,
    is_better,
    shop_photo_example,
    split_shop,
)
from reconstruction.networks.training import TrainSettings
from reconstruction.networks.vocabulary import measure_vocabulary
from reconstruction.networks.weights import load_weights, save_weights

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped products, and the shipped photos in a table."""
    folder = tmp_path_factory.mktemp("shop")
    shutil.copytree(ROOT / "assets" / "products", folder, dirs_exist_ok=True)
    for name in ("chair.jpg", "tshirt.jpg"):
        shutil.copy(ROOT / "assets" / "photos" / name, folder / name)
    (folder / "shop.csv").write_text(
        "photo,category,height,width,depth\n"
        "chair.jpg,chair,0.89,0.47,0.54\n"
        "tshirt.jpg,t-shirt,0.71,,\n"
        "lost.jpg,chair,,,\n"
        "chair.jpg,spaceship,,,\n"
        "tshirt.jpg,t-shirt,tall,,\n",
        encoding="utf-8",
    )
    return folder


def test_a_shop_gives_products_photos_and_says_what_it_left_out(shop: Path):
    found = read_shop(shop)
    assert {m.family for m in found.members} == {"chair", "t_shirt"}
    assert {p.id: dict(p.declared) for p in found.photos}["tshirt"] == {"height": 0.71}
    assert all(p.photo.mask is not None and p.photo.mask.any() for p in found.photos)
    told = " ".join(found.skipped)
    assert "lost.jpg" in told
    assert "line 6" in told


def test_an_empty_shop_is_refused(tmp_path: Path):
    with pytest.raises(ParameterError, match="nothing to learn"):
        read_shop(tmp_path)


def member(number: int) -> ShopMember:
    values, choices = get_family("chair").sample(np.random.default_rng(number))
    return ShopMember(f"chair-{number}", "chair", values, choices)


def test_a_part_is_held_back_and_always_the_same():
    shop = Shop(tuple(member(i) for i in range(12)), ())
    learn, held = split_shop(shop)
    assert len(held.members) == 3
    assert {m.id for m in learn.members}.isdisjoint(m.id for m in held.members)
    again = split_shop(Shop(shop.members[::-1], ()))
    assert {m.id for m in again[1].members} == {m.id for m in held.members}
    with pytest.raises(ParameterError, match="small"):
        split_shop(Shop(shop.members[:2], ()))


def test_declared_sizes_teach_lengths_once_the_whole_size_is_known():
    vocabulary = measure_vocabulary(family_names(), samples=40)
    rgb = np.full((60, 60, 3), 120, np.uint8)
    mask = np.zeros((60, 60), np.uint8)
    mask[15:45, 15:45] = 255
    rng = np.random.default_rng(0)
    chair = {"height": 0.9, "width": 0.5, "depth": 0.5}
    index = vocabulary.family_names.index("chair")
    words = vocabulary.families[index]
    columns = [c.name for c in words.columns]
    for declared, known in ((chair, {"log_scale", *chair}), ({"height": 0.9}, set())):
        photo = ShopPhoto("x", LabelledPhoto(rgb, mask, "chair"), declared)
        example = shop_photo_example(rng, vocabulary, photo, 64)
        own = example["values"][vocabulary.columns_of(index)]
        assert {n for n, v in zip(columns, own, strict=True) if np.isfinite(v)} == known
    at = columns.index("height")
    photo = ShopPhoto("x", LabelledPhoto(rgb, mask, "chair"), chair)
    own = shop_photo_example(rng, vocabulary, photo, 64)["values"][vocabulary.columns_of(index)]
    said = own[at] * words.columns[at].deviation + words.columns[at].mean
    assert said == pytest.approx(0.9 / np.sqrt(0.9**2 + 0.5**2 + 0.5**2), abs=1e-5)


def test_weights_that_are_no_better_or_forget_are_not_kept():
    before = {"products": {"loss": 5.0}, "ordinary": {"loss": 4.0}}
    assert is_better(before, {"products": {"loss": 4.5}, "ordinary": {"loss": 4.05}})
    assert not is_better(before, {"products": {"loss": 5.1}, "ordinary": {"loss": 3.9}})
    assert not is_better(before, {"products": {"loss": 4.5}, "ordinary": {"loss": 4.6}})


@pytest.mark.slow
def test_fine_tuning_runs_from_products_to_weights_or_refuses(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("reconstruction.networks.finetune._EXAMPLES", 12)
    monkeypatch.setattr("reconstruction.networks.finetune.VIEWS", 2)
    monkeypatch.setattr("reconstruction.data.bank.PER_FILE", 24)
    monkeypatch.setattr(
        "reconstruction.data.bank.measure_vocabulary", partial(measure_vocabulary, samples=40)
    )
    members = tuple(member(i) for i in range(5))
    monkeypatch.setattr(
        "reconstruction.networks.finetune.read_shop", lambda folder: Shop(members, ())
    )
    (tmp_path / "shop").mkdir()
    settings = TrainSettings(minutes=60, images=16, batch=8, rate=1e-4, workers=0)
    done = finetune(tmp_path / "shop", tmp_path / "run", settings, ordinary=24)
    assert set(done.before) == set(done.after) == {"products", "ordinary"}
    assert done.progress.images == 16
    assert done.kept == is_better(done.before, done.after)
    weights = tmp_path / "run" / "reconstruction.safetensors"
    assert weights.exists() == done.kept
    if done.kept:
        assert load_weights(weights)[1]["data"]["products"] == 5


def test_a_card_keeps_its_text_and_renews_what_the_file_says(tmp_path: Path):
    weights, cards = tmp_path / "weights", tmp_path / "cards"
    cards.mkdir()
    for commit in ("aaa", "bbb"):
        header = {"command": "showroom train x", "commit": commit, "figures": {"top-1": 0.9}}
        save_weights(weights / "eyes.safetensors", {"a": torch.zeros(1000)}, header)
        (card,) = write_cards(weights, cards)
        if commit == "aaa":
            card.write_text(card.read_text() + "\nLimits: none known.\n")
    text = card.read_text()
    assert "Limits: none known." in text
    assert "`bbb`" in text
    assert "aaa" not in text
    assert "| top-1 | 0.9 |" in text
    assert text.count(BEGIN) == text.count(END) == 1
    assert renew(text, ["x"]).count(BEGIN) == 1
    with pytest.raises(WeightsError):
        write_cards(tmp_path / "nowhere", cards)
