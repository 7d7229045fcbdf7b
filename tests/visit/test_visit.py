from __future__ import annotations

import hashlib
import json
import math

import msgspec
import numpy as np
import pytest
from visit_samples import BODY, Answer, Talk, catalog, dressed_visit, new_visit, product

from reconstruction.gltf.read import read_glb
from showroom.catalog.products import Catalog
from showroom.protocol.messages import (
    AssetReady,
    AvatarPose,
    AvatarShown,
    Body,
    Clock,
    Command,
    Done,
    ErrorUpdate,
    FitReport,
    Heard,
    Hello,
    MeshFrame,
    Point,
    Pose,
    ProductChanged,
    ProductRemoved,
    ProductShown,
    Reply,
    RoomPlan,
    RoomShown,
    Utterance,
)
from showroom.visit import Visit

HEAD = (0.0, 1.58, 0.0, 0.0, 0.0, 0.0, 1.0)


@pytest.fixture
def visit() -> Visit:
    made = new_visit()
    made.handle(Hello(lang="en"))
    return made


@pytest.fixture
def talk(visit) -> Talk:
    return Talk(visit)


def command(visit: Visit, action: str, **fields) -> Answer:
    return Answer("c", visit.handle(Command(action=action, id="c", **fields)))


@pytest.fixture
def dressed() -> Visit:
    return dressed_visit()


def test_hello_shows_the_room_and_every_product_with_its_file():
    visit = new_visit()
    updates = visit.handle(Hello(lang="zh-CN"))
    assert isinstance(updates[0], RoomShown)
    assert updates[0].scene == "store"
    shown = {u.target: u for u in updates if isinstance(u, ProductShown)}
    files = {u.hash: u.data for u in updates if isinstance(u, AssetReady)}
    assert {"tee-1", "chair-1", "table-1"} <= shown.keys()
    for one in shown.values():
        assert hashlib.sha256(files[one.glb]).hexdigest() == one.glb
        assert not one.worn
        assert one.values
    assert shown["tee-1"].sizes == ("S", "M", "L")


def test_what_is_not_there_yet_is_brought_where_it_shall_be_placed(visit):
    gone = command(visit, "take_off", target="chair-1")
    assert [u.target for u in gone.of(ProductRemoved)] == ["chair-1"]
    (shown,) = command(visit, "place", target="chair-1", near="window").of(ProductShown)
    assert shown.target == "chair-1"
    (error,) = command(visit, "place", target="piano-9", near="window").of(ErrorUpdate)
    assert error.field == "target"


# --- voice, in both languages -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "lang", "step", "words"),
    [
        ("make the sleeves three centimetres longer", "en", {"sleeve_length": 0.03}, "3 cm"),
        ("袖子加长三厘米", "zh", {"sleeve_length": 0.03}, "3厘米"),
        ("make the T-shirt 2 cm shorter", "en", {"body_length": -0.02}, "2 cm"),
        ("T恤的衣长再短两厘米", "zh", {"body_length": -0.02}, "2厘米"),
    ],
)
def test_a_sentence_changes_one_number_and_says_so(dressed, text, lang, step, words):
    answer = Talk(dressed).say(text)
    assert answer.step == step
    assert words in answer.text
    (heard,) = answer.of(Heard)
    (reply,) = answer.of(Reply)
    assert (heard.lang, reply.lang) == (lang, lang)
    assert heard.resolved
    changed = answer.of(ProductChanged)[0]
    assert changed.target == "tee-1"
    assert changed.glb in answer.assets
    assert answer.frames[-1].glb == changed.glb


def test_sleeves_go_from_twenty_to_twenty_three_centimetres(dressed):
    answer = Talk(dressed).say("make the sleeves 3 cm longer")
    (change,) = answer.of(ProductChanged)[0].changes
    assert (change.name, change.unit) == ("sleeve_length", "m")
    assert change.old == pytest.approx(0.200)
    assert change.new == pytest.approx(0.230)


def test_one_size_up_follows_the_chart_and_keeps_what_was_altered(dressed):
    talk = Talk(dressed)
    talk.say("make the sleeves 3 cm longer")
    answer = talk.say("one size up")
    chart = catalog().get("tee-1").product.sizes
    step = {n: round(chart["L"][n] - chart["M"][n], 6) for n in chart["L"]}
    assert answer.step == {n: s for n, s in step.items() if s}
    assert answer.of(ProductChanged)[0].size == "L"
    sleeve = dressed.state.things["tee-1"].look.values["sleeve_length"]
    assert sleeve == pytest.approx(0.23 + step["sleeve_length"])
    largest = talk.say("one size up")
    assert not largest.of(ProductChanged)
    assert "L" in largest.text


def test_a_colour_changes_the_file_and_no_number(dressed):
    before = dressed.state.things["tee-1"].look
    answer = Talk(dressed).say("换成深蓝色")
    changed = answer.of(ProductChanged)[0]
    assert changed.color == "navy"
    assert changed.changes == ()
    assert changed.glb in answer.assets
    assert dressed.state.things["tee-1"].look.values == before.values
    assert answer.of(Reply)[0].lang == "zh"


def test_back_to_an_earlier_colour(dressed):
    talk = Talk(dressed)
    at_first = catalog().get("tee-1").color
    assert talk.say("make it navy").of(ProductChanged)[0].color == "navy"
    assert talk.say("make it red").of(ProductChanged)[0].color == "red"
    assert talk.say("换回原来的颜色").of(Reply)
    assert dressed._dialogue.colors[:3] == [at_first, "navy", "red"]


def test_furniture_is_not_worn(dressed):
    answer = command(dressed, "try_on", target="chair")
    assert (answer.updates[-1].code, answer.updates[-1].expected) == ("refused", "a garment")
    assert dressed.state.worn == "tee-1"


def test_undo_and_redo_travel_exactly(dressed):
    talk = Talk(dressed)
    states = [dressed.state]
    for text in ("make the sleeves 3 cm longer", "one size up", "in navy please"):
        talk.say(text)
        states.append(dressed.state)
    assert len({json.dumps(msgspec.to_builtins(s)) for s in states}) == 4
    for state in states[2::-1]:
        command(dressed, "undo")
        assert dressed.state == state
    for state in states[1:]:
        command(dressed, "redo")
        assert dressed.state == state
    command(dressed, "undo")
    talk.say("make the sleeves 1 cm longer")
    assert command(dressed, "redo").updates[-1].code == "refused"


def test_undo_of_wearing_takes_it_off_again(dressed):
    answer = command(dressed, "undo")
    assert dressed.state.worn == ""
    (shown,) = answer.of(ProductShown)
    assert (shown.target, shown.worn) == ("tee-1", False)
    assert not answer.frames


def test_furniture_moves_as_the_visitor_sees_it(visit):
    talk = Talk(visit)
    # Turned a quarter to the left, what is ahead is -x, and left is +z.
    half = math.sqrt(0.5)
    visit.handle(Pose(time=1.0, head=(0.0, 1.6, 0.0, 0.0, half, 0.0, half)))
    answer = talk.say("move the chair 20 cm to the left")
    assert answer.step == {"z": pytest.approx(0.2, abs=1e-6)}
    answer = talk.say("把椅子向前移动二十厘米")
    assert answer.step == {"x": pytest.approx(-0.2, abs=1e-6)}
    answer = talk.say("turn the chair 45 degrees to the left")
    assert answer.step == {"yaw": pytest.approx(math.pi / 4, abs=1e-6)}


def test_furniture_grows_by_what_was_said(visit):
    answer = Talk(visit).say("椅子加宽五厘米")
    assert answer.changes["width"] == (pytest.approx(0.50), pytest.approx(0.55))
    glb = answer.of(ProductChanged)[0].glb
    data = next(a.data for a in answer.of(AssetReady) if a.hash == glb)
    assert read_glb(data).mesh.size[0] == pytest.approx(0.55, abs=0.01)


def test_what_does_not_fit_the_room_is_refused_and_nothing_moves(visit):
    before = visit.state
    answer = Talk(visit).say("move the table 60 metres to the left")
    assert visit.state == before
    assert not answer.of(ProductChanged)
    assert answer.text


def test_nine_metres_longer_is_refused_with_the_limit(dressed):
    before = dressed.state
    answer = Talk(dressed).say("make the sleeves 9 metres longer")
    assert dressed.state == before
    assert "42 cm" in answer.text
    answer = command(dressed, "adjust_fit", part="sleeve", parameter="length", delta=9.0)
    error = answer.updates[-1]
    assert isinstance(error, ErrorUpdate)
    assert (error.code, error.field) == ("parameter", "values.sleeve_length")
    assert "0.42" in error.expected
    assert "9.2" in error.got
    assert dressed.state == before


def test_which_one_is_asked_and_the_answer_is_carried_out(visit):
    talk = Talk(visit)
    answer = talk.say("turn it 45 degrees")
    (reply,) = answer.of(Reply)
    assert reply.choices == ("oak chair", "oak table")
    answer = talk.say("the second one")
    assert answer.of(ProductChanged)[0].target == "table-1"
    assert answer.step["yaw"] == pytest.approx(math.pi / 4)


def test_partial_and_outdated_sentences_change_nothing(visit):
    text = "move the chair 20 cm to the left"
    before = visit.state
    updates = visit.handle(Utterance(id="p", text=text, rev=1, is_final=False))
    assert [type(u) for u in updates] == [Heard, Done]
    assert visit.state == before
    visit.handle(Utterance(id="p", text=text, rev=2))
    moved = visit.state
    assert moved != before
    visit.handle(Utterance(id="p", text=text, rev=1))
    assert visit.state == moved


def test_pointing_says_which(visit):
    visit.handle(Point(target="table-1"))
    answer = Talk(visit).say("make this one 5 cm wider")
    assert answer.of(ProductChanged)[0].target == "table-1"
    error = visit.handle(Point(target="ghost", id="g"))[-1]
    assert (error.code, error.ref) == ("no_such_product", "g")


# --- the body ---------------------------------------------------------------------------------


def test_a_body_has_the_measures_that_were_given(visit):
    answer = Answer("b", visit.handle(BODY))
    (avatar,) = answer.of(AvatarShown)
    assert avatar.height == pytest.approx(1.68, abs=0.005)
    assert avatar.measures["waist"] == pytest.approx(0.74, abs=0.01)
    assert avatar.glb in answer.assets


def test_an_impossible_body_is_refused_and_the_old_one_stays(dressed):
    shape = dressed._here.wearer
    (error,) = dressed.handle(Body(height=1.7, tape={"waist": 2.5}, id="no"))
    assert (error.code, error.field, error.ref) == ("body", "tape.waist", "no")
    assert dressed._here.wearer is shape


def test_the_garment_follows_the_body_and_the_client_chooses_the_streams(dressed):
    kinds = [type(u) for u in dressed.handle(Pose(time=0.1, head=HEAD, seq=1))]
    assert kinds == [AvatarPose, MeshFrame]
    dressed.handle(Hello(want=("vertices",)))
    updates = dressed.handle(Pose(time=0.2, head=(0.5, *HEAD[1:]), seq=2))
    frames = {u.target: u for u in updates if isinstance(u, MeshFrame)}
    assert frames.keys() == {"avatar", "tee-1"}
    body = np.frombuffer(frames["avatar"].positions, "<f4").reshape(-1, 3)
    cloth = np.frombuffer(frames["tee-1"].positions, "<f4").reshape(-1, 3)
    assert np.isfinite(cloth).all()
    assert (np.abs(cloth.mean(axis=0) - body.mean(axis=0)) < 0.5).all()
    dressed.handle(Hello(want=("still",)))
    assert [type(u) for u in dressed.handle(Pose(time=0.3, head=HEAD))] == [AvatarPose]


def test_a_refit_keeps_the_vertices_in_order_and_moves_the_cuffs(dressed):
    dressed.handle(Pose(time=0.1, head=HEAD, seq=1))
    before = dressed.handle(Pose(time=0.2, head=HEAD, seq=2))[-1]
    Talk(dressed).say("make the sleeves 5 cm longer")
    for number in range(60):
        after = dressed.handle(Pose(time=0.3 + number / 60, head=HEAD, seq=3 + number))[-1]
    a, b = (np.frombuffer(f.positions, "<f4").reshape(-1, 3) for f in (before, after))
    assert a.shape == b.shape
    assert before.glb != after.glb
    assert 0.02 < np.linalg.norm(a - b, axis=1).max() < 0.3


def test_bad_poses_leave_the_visit_as_it_was(dressed):
    dressed.handle(Pose(time=1.0, head=HEAD, seq=1))
    for seq, head in enumerate(
        (
            (math.nan, *HEAD[1:]),
            (0.0, 1.6, 0.0, 0.0, 0.0, 0.0, 0.3),
            (0.0, 60.0, 0.0, 0.0, 0.0, 0.0, 1.0),
            (900.0, 1.6, 0.0, 0.0, 0.0, 0.0, 1.0),
        ),
        start=2,
    ):
        (error,) = dressed.handle(Pose(time=1.1, head=head, seq=seq))
        assert isinstance(error, ErrorUpdate)
        assert error.ref == f"pose/{seq}"
    kinds = [type(u) for u in dressed.handle(Pose(time=1.2, head=HEAD, seq=9))]
    assert kinds == [AvatarPose, MeshFrame]


def test_a_new_clock_is_followed(dressed):
    dressed.handle(Pose(time=5000.0, head=HEAD))
    assert isinstance(dressed.handle(Pose(time=0.5, head=HEAD))[0], AvatarPose)
    (error,) = dressed.handle(Clock(time=0.2))
    assert error.code == "out_of_order"


def test_trying_on_without_a_body_shows_a_mannequin(visit):
    answer = command(visit, "try_on", target="skirt-1")
    assert answer.of(AvatarShown)
    assert answer.of(ProductShown)[0].worn
    assert answer.frames


def test_garments_of_other_regions_are_worn_together_and_taken_off_one_by_one_or_all(dressed):
    answer = command(dressed, "try_on", target="skirt-1")
    assert {u.target: u.worn for u in answer.of(ProductShown)} == {"skirt-1": True}
    assert dressed.state.outfit == ("tee-1", "skirt-1")
    assert {f.target for f in answer.frames} >= {"tee-1", "skirt-1"}
    command(dressed, "take_off", target="tee-1")
    assert dressed.state.outfit == ("skirt-1",)
    command(dressed, "undo")
    assert dressed.state.outfit == ("tee-1", "skirt-1")
    resumed = new_visit()
    resumed.restore(dressed.snapshot())
    assert resumed.state.outfit == ("tee-1", "skirt-1")
    answer = command(dressed, "take_off", option="all")
    assert {u.target: u.worn for u in answer.of(ProductShown)} == {
        "tee-1": False,
        "skirt-1": False,
    }
    assert dressed.state.outfit == ()


@pytest.mark.parametrize(("text", "lang"), [("take everything off", "en"), ("全部脱掉", "zh")])
def test_everything_is_taken_off_by_word(dressed, text, lang):
    command(dressed, "try_on", target="skirt-1")
    answer = Talk(dressed, lang).say(text)
    assert dressed.state.outfit == ()
    assert answer.text in ("Everything is taken off.", "已全部脱下。")


def test_a_garment_of_the_same_region_takes_the_place_of_the_first(dressed):
    dress = product("dress-1", "dress", "red dress", "红裙", (0.5, 0.1, 0.1))
    visit = Visit(Catalog([*(entry.product for entry in catalog()), dress]))
    visit.restore(dressed.snapshot())
    command(visit, "try_on", target="skirt-1")
    command(visit, "try_on", target="dress-1")
    assert visit.state.outfit == ("dress-1",)


def test_the_fit_report_has_regions_and_a_reason(dressed):
    answer = Talk(dressed).say("does it fit me?")
    (report,) = answer.of(FitReport)
    assert {"bust", "waist"} <= {r.region for r in report.regions}
    for region in report.regions:
        assert region.ease == pytest.approx(region.garment - region.body, abs=1e-6)
    assert report.recommended in ("S", "M", "L")
    assert report.next_best in ("S", "M", "L") and report.next_best != report.recommended
    assert 0 < report.confidence <= 1
    assert {"EN 13402", "GB/T 1335"} == report.labels.keys()
    bust = next(r for r in report.regions if r.region == "bust")
    assert bust.strain is not None and 0 <= bust.contact <= 1 and bust.gap > 0
    assert answer.text == report.reason["en"]


# --- the room ---------------------------------------------------------------------------------


def test_the_visitors_own_room_keeps_what_fits(dressed):
    outline = ((-1.6, 1.6), (1.6, 1.6), (1.6, -1.6), (-1.6, -1.6))
    answer = Answer("r", dressed.handle(RoomPlan(outline=outline, height=2.5, id="r")))
    (room,) = answer.of(RoomShown)
    assert room.scene == ""
    assert room.height == 2.5
    assert dressed.state.worn == "tee-1"
    assert {u.target for u in answer.of(ProductRemoved)} >= {"skirt-1"}
    for key, thing in dressed.state.things.items():
        if not thing.worn:
            assert abs(thing.x) < 1.6, key
            assert abs(thing.z) < 1.6, key


def test_a_room_that_crosses_itself_is_refused(visit):
    before = visit.state
    bow = ((0, 0), (3, 3), (3, 0), (0, 3))
    (error,) = visit.handle(RoomPlan(outline=bow, id="r"))
    assert (error.code, error.field) == ("room", "outline")
    assert visit.state == before


# --- as a whole -------------------------------------------------------------------------------

SCRIPT = [
    BODY,
    Command(action="try_on", target="tee-1", id="1"),
    Pose(time=0.1, head=HEAD, seq=1),
    Utterance(id="2", text="make the sleeves three centimetres longer"),
    Utterance(id="3", text="椅子加宽五厘米"),
    Pose(time=0.2, head=HEAD, seq=2),
    Utterance(id="4", text="one size up please"),
    Command(action="undo", id="5"),
    Pose(time=0.3, head=(0.1, *HEAD[1:]), seq=3),
]


def test_the_same_events_give_the_same_updates():
    first, second = new_visit(), new_visit()
    for event in SCRIPT:
        assert first.handle(event) == second.handle(event)


def test_a_visit_goes_on_elsewhere_from_its_snapshot():
    here = new_visit()
    here.handle(Hello(lang="zh"))
    for event in SCRIPT:
        here.handle(event)
    plain = json.loads(json.dumps(here.snapshot()))
    there = new_visit()
    shown = there.restore(plain)
    assert there.state == here.state
    assert {u.target for u in shown if isinstance(u, ProductShown)} == set(here.state.things)
    assert there.snapshot() == here.snapshot()
    for visit in (here, there):
        answer = Talk(visit).say("redo")
        assert answer.step["chest_width"] > 0
    assert there.state == here.state


def test_a_visitor_leaves_the_catalogue_as_it_was(dressed):
    before = {e.id: (e.product.numbers, e.product.size) for e in catalog()}
    for event in SCRIPT[1:]:
        dressed.handle(event)
    assert {e.id: (e.product.numbers, e.product.size) for e in catalog()} == before


def test_an_empty_catalogue_still_answers():
    visit = Visit(Catalog())
    assert [type(u) for u in visit.handle(Hello())] == [RoomShown]
    answer = Talk(visit).say("try on the dress")
    assert answer.text
    assert not answer.of(ProductShown)


def test_one_body_after_another_never_wears_the_others_drape(dressed):
    shapes = set()
    for height in (1.5, 1.6, 1.7, 1.8):
        updates = dressed.handle(Body(height=height, id=f"h{height}"))
        (shown,) = (u for u in updates if isinstance(u, ProductShown))
        shapes.add(shown.glb)
    assert len(shapes) == 4


def test_what_a_size_lacks_on_this_body_is_said_with_its_number():
    visit = new_visit()
    visit.handle(Hello(lang="en"))
    visit.handle(Body(height=1.75, tape={"bust": 1.16, "waist": 1.0, "hip": 1.12}, id="b"))
    said = command(visit, "try_on", target="tee-1").text
    assert said.startswith("You are wearing the grey T-shirt, size M. Size M would need +")
    assert said.endswith("cm at the chest.")
    wider = command(visit, "adjust_fit", target="tee-1", part="chest", parameter="ease", delta=0.2)
    assert wider.text.startswith("Chest 20 cm looser.") and "at the chest" not in wider.text
