"""A body from photos: what is drawn to learn from, what is read, and what is refused."""

import io
import json
import math

import cv2
import msgspec
import numpy as np
import pytest
from PIL import Image

from reconstruction.intake.photo import Photo
from showroom.fit import body, measure
from showroom.fit.errors import BodyError, SilhouetteError
from showroom.fit.silhouette.bank import make_bank, read_bank
from showroom.fit.silhouette.clothing import Outfit, dress_up
from showroom.fit.silhouette.example import TARGETS, draw, random_example
from showroom.fit.silhouette.frame import WINDOW, framed
from showroom.fit.silhouette.noise import segmented, spoiled
from showroom.fit.silhouette.population import Person, random_person
from showroom.fit.silhouette.stance import standing
from showroom.fit.silhouette.viewpoint import CANVAS, Viewpoint
from showroom.protocol.messages import Body


def test_a_seed_draws_the_same_person_twice():
    one, two = (random_example(np.random.default_rng(4)) for _ in range(2))
    assert (one.front == two.front).all()
    assert (one.side == two.side).all()
    assert (one.targets == two.targets).all()
    assert one.front.shape == CANVAS


def test_an_examples_targets_are_the_drawn_bodys_own_tape():
    rng = np.random.default_rng(8)
    person = random_person(rng)
    taped = measure.measure(person.vertices, person.joints) | measure.breadths(
        person.vertices, person.joints
    )
    example = random_example(rng, person)
    assert example.targets == pytest.approx([taped[n] for n in TARGETS], abs=1e-6)
    assert example.height == pytest.approx(taped["height"])
    assert (
        taped["waist_width"] + taped["waist_depth"]
        < taped["waist"]
        < math.pi * taped["waist_width"]
    )


def test_clothes_hide_the_body_and_never_cut_it():
    widths = []
    for level in (0, 2):
        grown = []
        for seed in range(6):
            own = np.random.default_rng(seed)
            person = random_person(own)
            skin, joints = standing(own, person)
            outfit = dress_up(own, person, skin, joints, level)
            bare, dressed = (
                draw(np.random.default_rng(seed), skin, Outfit(pieces, level, 0.0), "front").mask
                for pieces in ((), tuple(p for p in outfit.pieces if p.what in (0, 1)))
            )
            # Clothes move the outline, and with it the picture: the heads lie on each other.
            aside = round(_head(bare) - _head(dressed))
            around = cv2.dilate(np.roll(dressed, aside, axis=1), np.ones((5, 5), np.uint8))
            assert not (bare & ~around & 1).any()
            grown.append(dressed.sum() / bare.sum())
        widths.append(np.mean(grown))
    assert widths[0] < 1.12
    assert widths[1] > widths[0] + 0.05


def _head(mask):
    return np.nonzero(mask[:30])[1].mean()


def test_a_profile_is_the_bare_trunks_width_whatever_hides_it():
    rng = np.random.default_rng(3)
    person = random_person(rng)
    skin, joints = standing(rng, person, "off")
    shots = [
        draw(np.random.default_rng(1), skin, outfit, "front")
        for outfit in (Outfit((), 0, 0.0), dress_up(rng, person, skin, joints, 2, barefoot=True))
    ]
    bare, dressed = (shot.trunk * shot.span for shot in shots)
    widths = [person.measures[f"{n}_width"] for n in ("waist", "bust")]
    for width in widths:
        # Somewhere between hips and shoulders the trunk is as wide as it was measured.
        assert np.abs(bare - width).min() < 0.01
    both = (bare > 0) & (dressed > 0)
    assert both.sum() > 12
    assert np.median(np.abs(bare - dressed)[both]) < 0.02
    seen = shots[1].mask.sum(axis=1) / 240 * shots[1].span
    assert dressed[both].mean() < seen.max()


def test_arms_stretched_out_in_front_leave_the_waist_free_from_the_side():
    hidden = []
    for rule in ("stance", "forward"):
        rows = []
        for seed in range(8):
            rng = np.random.default_rng(seed)
            person = random_person(rng)
            skin, _ = standing(rng, person, rule)
            shot = draw(np.random.default_rng(seed), skin, Outfit((), 0, 0.0), "side")
            levels = np.flatnonzero(shot.trunk)[6:18]
            at = np.round(8 + (4 * levels - 2) * 240 / 152).astype(int)
            covered = shot.mask[at].sum(axis=1) / 240
            rows.append(np.median(covered / shot.trunk[levels]))
        hidden.append(np.mean(rows))
    assert hidden[1] == pytest.approx(1.0, abs=0.05)
    assert hidden[0] > hidden[1]


def test_a_camera_sees_what_a_pinhole_sees():
    camera = Viewpoint(yaw=0.0, distance=3.0, height=1.0, aim=1.0, roll=0.0, lens=0.0)
    seen = camera.project(np.array([[0.3, 1.0, 0.0], [0.0, 2.0, 1.0]], np.float32))
    assert seen[0] == pytest.approx([0.1, 0.0, 3.0], abs=1e-6)
    assert seen[1] == pytest.approx([0.0, -0.5, 2.0], abs=1e-6)
    beside = Viewpoint(math.pi / 2, 3.0, 1.0, 1.0, 0.0, 0.0)
    assert beside.project(np.array([[0.0, 1.0, 0.3]], np.float32))[0, 0] == pytest.approx(0.1)


def test_a_window_holds_the_person_whatever_the_photos_size():
    mask = np.zeros((300, 200), np.uint8)
    mask[40:260, 80:120] = 1
    small = framed(mask)
    large = framed(np.kron(mask, np.ones((5, 5), np.uint8)))
    assert small.shape == WINDOW
    assert np.abs(small.astype(int) - large).mean() < 2
    rows = np.flatnonzero(small.max(axis=1) > 127)
    assert len(rows) == pytest.approx(152, abs=1)
    columns = np.flatnonzero(small.max(axis=0) > 127)
    assert len(columns) == pytest.approx(40 * 152 / 220, abs=1)
    assert columns.mean() == pytest.approx(WINDOW[1] / 2 - 0.5, abs=0.6)
    assert not framed(np.zeros((50, 50), np.uint8)).any()


def test_segmentation_noise_moves_the_outline_a_little():
    rng = np.random.default_rng(5)
    mask = random_example(np.random.default_rng(4)).front
    overlaps = []
    for _ in range(20):
        noisy = segmented(rng, mask)
        overlaps.append((noisy & mask).sum() / (noisy | mask).sum())
    assert min(overlaps) > 0.8
    assert 0.9 < np.mean(overlaps) < 0.995
    kinds = {spoiled(rng, mask, mask)[1] for _ in range(40)}
    assert kinds == {"head_cut", "feet_cut", "several", "nobody"}


def test_girths_scatter_about_what_weight_says_as_peoples_do():
    # Residuals of least squares on stature, weight and sex, as shares of the mean girth: Heinz et
    # al. 2003, 507 active adults; a general population's are a little wider.
    published = {"bust": 0.0385, "waist": 0.0525, "hip": 0.0290, "thigh": 0.0414}
    rng = np.random.default_rng(11)
    people = [random_person(rng) for _ in range(300)]
    sex = np.array([p.sex for p in people], float)
    height, weight = (np.array([p.measures[n] for p in people]) for n in ("height", "weight"))
    size = np.sqrt(weight / height)
    known = [np.ones(300), sex, height, sex * height, size, sex * size, size**2, height * size]
    for name, share in published.items():
        girth = np.array([p.measures[name] for p in people])
        rest = girth - np.stack(known, 1) @ np.linalg.lstsq(np.stack(known, 1), girth)[0]
        assert 0.75 < rest.std() / girth.mean() / share < 1.3, name
    waists = np.array([p.measures["waist"] for p in people])
    assert waists.min() < 0.62
    assert waists.max() > 1.25


def test_a_bank_goes_on_where_it_stopped_and_its_splits_share_nobody(tmp_path, monkeypatch):
    monkeypatch.setattr("showroom.fit.silhouette.bank.PER_FILE", 4)
    folder = make_bank(tmp_path / "a", 4, "validation")
    first = (folder / "bodies-00000.npz").read_bytes()
    make_bank(folder, 8, "validation")
    assert (folder / "bodies-00000.npz").read_bytes() == first
    bank = read_bank(folder)
    assert len(bank) == 8
    other = read_bank(make_bank(tmp_path / "b", 4, "holdout"))
    assert not set(bank.height) & set(other.height)
    assert bank.masks(0)[0].sum() > 1000


def test_processes_draw_what_one_would_have_drawn(tmp_path):
    from showroom.fit.silhouette.bank import Order, draw_file, drawing, wait_for

    order = Order(tmp_path / "beside", 1, "validation")
    lost = Order(tmp_path / "file" / "below", 1, "validation")
    (tmp_path / "file").write_bytes(b"")
    with drawing([order, lost], 1) as processes:
        wait_for(order, processes)
        with pytest.raises(ChildProcessError):
            wait_for(lost, processes)
    draw_file(tmp_path / "here", 0, "validation")
    beside, here = ((tmp_path / n / "bodies-00000.npz").read_bytes() for n in ("beside", "here"))
    assert beside == here


def test_learning_begins_while_the_bank_is_still_drawn(tmp_path, monkeypatch):
    torch = pytest.importorskip("torch")
    from showroom.fit.silhouette import source, training
    from showroom.fit.silhouette.bank import Order, read_lesson
    from showroom.fit.silhouette.network import ANSWERS, BodyNet

    for module in ("bank", "source"):
        monkeypatch.setattr(f"showroom.fit.silhouette.{module}.PER_FILE", 4)
    monkeypatch.setattr("showroom.fit.silhouette.bank._SPOILED", 0.5)
    monkeypatch.setattr(source, "_LOOK", 0.0)
    order = Order(tmp_path, 8, "training")
    answers = source.measured(read_lesson(make_bank(tmp_path, 4) / "bodies-00000.npz"))
    drawn = source.Source(order, (answers.mean(0), answers.std(0) + 0.1), torch.device("cpu"))
    random = torch.Generator().manual_seed(1)

    def shown(batch):
        # The last answer is the side photo's, which may be of the person in their other clothes.
        return len({row.numpy().tobytes() for row in batch["target"][:, :-1]})

    assert shown(drawn(60, random)) == 4
    make_bank(tmp_path, 8)
    batch = drawn(120, random)
    assert shown(batch) == drawn.examples == 8
    assert batch["target"].shape == (120, len(ANSWERS))
    assert 0 < (~batch["has_side"]).sum() < 120
    net = BodyNet()
    losses = training.body_loss(net, batch)
    assert all(torch.isfinite(v) for v in losses.values())
    torch.stack([*losses.values()]).sum().backward()
    assert all(p.grad is not None for p in net.parameters())
    # Where there is no side photo, what it would show is neither seen nor asked for.
    alone = {k: v[~batch["has_side"]] for k, v in batch.items()}
    other = alone | {"side": torch.rand_like(alone["side"])}
    net.eval()
    assert training.body_loss(net, alone)["measures"] == training.body_loss(net, other)["measures"]


def test_the_members_mean_is_the_answer_and_what_is_not_said_does_not_count():
    torch = pytest.importorskip("torch")
    from showroom.fit.silhouette.network import BodyNet, scalars

    torch.manual_seed(3)
    net = BodyNet(2).eval()
    scans, has = torch.rand(5, 2, 8, 160), torch.tensor([True, False, True, True, False])
    height, sex = torch.linspace(1.5, 1.9, 5), torch.tensor([0, 1, 2, 0, 1])
    unsaid = scalars(height, torch.full((5,), torch.nan), sex)
    assert unsaid[:, 1:4].abs().max() == 0
    said = scalars(height, torch.linspace(50, 90, 5), sex)
    assert (said[:, 1] == 1).all()
    given = (scans[:, 0], scans[:, 1], said, has)
    with torch.no_grad():
        together = net(*given)[0]
        each = [member(*given)[0] for member in net.members]
        there, back = net.both_ways(*given)[0], net.both_ways(*_mirrored(*given))[0]
    assert torch.allclose(together, (each[0] + each[1]) / 2, atol=1e-6)
    assert torch.allclose(there, back, atol=1e-5)


def _mirrored(front, side, said, has):
    from showroom.fit.silhouette.frame import MIRRORED

    return front[:, MIRRORED], side[:, MIRRORED], said, has


def test_what_photos_show_shapes_the_body_and_a_tape_overrules_it():
    seen = {"waist": (0.86, 0.02), "hip": (1.04, 0.02), "waist_depth": (0.26, 0.015)}
    bare = body.solve(1.68, "female")
    shown = body.solve(1.68, "female", seen=seen)
    assert abs(shown.measures["waist"] - 0.86) < 0.02 < abs(bare.measures["waist"] - 0.86)
    assert "waist_depth" not in shown.measures
    taped = body.solve(1.68, "female", {"waist": 0.80}, seen=seen)
    assert taped.measures["waist"] == pytest.approx(0.80, abs=0.002)


def _photo(alpha) -> Photo:
    """A photo whose transparency cuts a silhouette out."""
    mask = (np.asarray(alpha) * 255).astype(np.uint8)
    return Photo("me", "", np.full((*mask.shape, 3), 128, np.uint8), mask, *mask.shape[::-1])


def _silhouette(view="front", seed=1):
    """A tightly dressed average woman, and her own tape."""
    rng = np.random.default_rng(seed)
    avatar = body.solve(1.68, "female", {"waist": 0.78, "bust": 0.94, "hip": 1.02})
    person = Person(avatar.form.vertices, avatar.joints, 0, dict(avatar.measures))
    skin, _ = standing(rng, person)
    return np.pad(draw(rng, skin, Outfit((), 0, 0.0), view).mask, 12), avatar


def test_a_cut_out_photo_becomes_a_body_within_its_intervals():
    from showroom.fit.silhouette.photo import body_from_photos

    front, truth = _silhouette()
    side, _ = _silhouette("side")
    weight = truth.measures["weight"]
    found = body_from_photos(_photo(front), 1.68, side=_photo(side), weight=weight, gender="female")
    assert found.height == pytest.approx(1.68, abs=0.002)
    for name in ("bust", "waist", "hip"):
        low, high = found.intervals[name]
        assert low <= found.measures[name] <= high
        assert found.measures[name] == pytest.approx(truth.measures[name], abs=0.09), name
    assert "side_photo" not in found.advice
    bare = body_from_photos(_photo(front), 1.68, gender="female")
    assert bare.advice[:2] == ("side_photo", "weight")
    widths = [np.diff(a.intervals["waist"])[0] for a in (found, bare)]
    assert widths[0] < widths[1]


def test_photos_in_other_clothes_are_weighed_by_how_sure_they_are():
    from showroom.fit.silhouette import reader
    from showroom.fit.silhouette.photo import body_from_photos
    from showroom.fit.silhouette.reader import read, together

    front, _ = _silhouette()
    side, _ = _silhouette("side")
    sure, unsure = read(front, 1.68, side=side, weight=62.0), read(front, 1.68)
    assert together([sure]).measures["waist"] == pytest.approx(sure.measures["waist"])
    assert together([sure]).half["hip"] == pytest.approx(sure.half["hip"])
    both = together([sure, unsure])
    for name in ("bust", "waist", "hip"):
        ends = sorted(r.measures[name] for r in (sure, unsure))
        assert ends[0] <= both.measures[name] <= ends[1]
        apart = [abs(both.measures[name] - r.measures[name]) for r in (sure, unsure)]
        assert apart[0] <= apart[1]
        # What both readings have in common no further photo takes away.
        halves = [together([sure] * n).half[name] / sure.half[name] for n in (2, 100)]
        assert 0.6**0.5 < halves[1] < halves[0] < 1
    assert "side_photo" not in reader.body(front, 1.68, again=[(front, side)]).advice
    with pytest.raises(SilhouetteError) as caught:
        body_from_photos(_photo(front), 1.68, again=[(_photo(front[70:]), None)])
    assert caught.value.field == "again.0.front"


def test_a_score_counts_who_is_read_once_and_who_in_two_outfits(tmp_path, monkeypatch):
    from showroom.fit.silhouette import score

    monkeypatch.setattr("showroom.fit.silhouette.bank.PER_FILE", 8)
    net, scale, widen = score.network()
    bank = read_bank(make_bank(tmp_path, 8, "asked"))
    found = score.report(net, bank, scale, [float(w) for w in widen], ("waist",))
    asked = found["front, side, weight"]
    met = score.sitting(bank, seed=6)
    guess, _ = score.answers(net, met, scale, side=True, weight=True)
    waist = score.TARGETS.index("waist")
    off = 1000 * np.abs(guess - met.truth)[:, waist]
    assert asked["all"]["waist"]["mae"] == pytest.approx(off.mean(), abs=0.1)
    assert 0 < asked["two outfits"]["waist"]["mae"] < 40
    alone = score.report(net, read_bank(tmp_path, 1), scale, [1.0] * 20, ("waist",))
    assert "two outfits" not in alone["front"]


def test_photos_that_cannot_be_measured_are_refused_by_name():
    from showroom.fit.silhouette.photo import body_from_photos

    front, _ = _silhouette()
    wide = np.concatenate([front, np.roll(front, 10, axis=1)], axis=1)
    cases = [
        (front[: front.shape[0] // 2], "feet"),
        (front[70:], "head"),
        (wide, "2 people"),
        (front[:, front.shape[1] // 2 - 8 :], "side"),
        (np.zeros_like(front), "nobody"),
    ]
    for mask, got in cases:
        mask = mask.copy()
        if got == "nobody":
            mask[:4, :40] = 1
        with pytest.raises(SilhouetteError) as caught:
            body_from_photos(_photo(mask), 1.68)
        assert caught.value.field == "photo.front"
        assert got in caught.value.got
        assert caught.value.expected
    with pytest.raises(SilhouetteError) as caught:
        body_from_photos(_photo(front), 1.68, side=_photo(front))
    assert caught.value.field == "photo.side"
    with pytest.raises(BodyError):
        body_from_photos(_photo(front), 0.4)


def test_only_people_are_counted():
    from showroom.fit.silhouette.person import find_person

    front, _ = _silhouette()
    post = np.zeros((front.shape[0], 60), front.dtype)
    post[90:250, 8:52] = 1
    both = np.concatenate([front, post], axis=1)
    found = find_person(_photo(both)).soft
    assert ((found[:, : front.shape[1]] > 0.5) == (front > 0)).mean() > 0.99
    assert not found[:, front.shape[1] :].any()
    with pytest.raises(SilhouetteError) as caught:
        find_person(_photo(np.concatenate([post, post], axis=1)))
    assert caught.value.got == "nobody"


def test_nothing_of_a_photo_or_body_is_written(tmp_path, monkeypatch, capsys):
    from showroom.cli import main

    front, _ = _silhouette()
    picture = Image.fromarray(np.stack([np.full_like(front, 128)] * 3 + [front * 255], -1))
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    photo = tmp_path / "in" / "front.png"
    photo.parent.mkdir()
    photo.write_bytes(buffer.getvalue())
    monkeypatch.chdir(tmp_path)
    assert main(["body", "--height", "168cm", "--photo", str(photo), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["measures"]["waist"]["low"] < told["measures"]["waist"]["high"]
    message = msgspec.convert(told["message"], Body)
    assert message.height == pytest.approx(1.68, abs=0.002)
    again = body.solve(message.height, message.gender, message.tape)
    assert again.measures["waist"] == pytest.approx(told["measures"]["waist"]["value"], abs=0.002)
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["front.png", "in"]
