import numpy as np
import pytest
from scipy.spatial import cKDTree

from reconstruction.dressform import BodyForm, reference_form
from reconstruction.evaluation.soundness import soundness
from reconstruction.families import get_family
from reconstruction.family import complete
from reconstruction.garment.drape import rest_edges

GARMENTS = ("t_shirt", "long_sleeve", "shirt", "outwear", "dress", "skirt", "trousers", "shorts")
OPENINGS = {"skirt": 2, "trousers": 3, "shorts": 3}


def extremes(family):
    """The family's corners: everything small, everything large, wide and short, narrow and long."""
    low = {p.name: p.minimum for p in family.parameters}
    high = {p.name: p.maximum for p in family.parameters}
    length = {n for n in low if n.endswith("length") or n.endswith("depth")}
    yield low
    yield high
    yield {n: low[n] if n in length else high[n] for n in low}
    yield {n: high[n] if n in length else low[n] for n in low}


def welded(mesh):
    """Places (g, 3) and faces of the mesh with its seams sewn."""
    groups = mesh.weld.max() + 1
    places = np.zeros((groups, 3))
    places[mesh.weld] = mesh.vertices
    return places, mesh.weld[mesh.faces]


def edge_uses(faces):
    edges = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
    return np.unique(edges, axis=0, return_counts=True)


def openings(faces):
    """Number of boundary loops."""
    edges, uses = edge_uses(faces)
    rim = edges[uses == 1]
    parent = {v: v for v in np.unique(rim)}

    def find(v):
        while parent[v] != v:
            v = parent[v]
        return v

    for a, b in rim:
        parent[find(a)] = find(b)
    return len({find(v) for v in parent})


def girth(mesh, part_rows):
    """Length of the closed line through mesh vertices."""
    line = mesh.vertices[part_rows]
    return float(np.linalg.norm(np.roll(line, -1, axis=0) - line, axis=1).sum())


def ring_at(family, mesh, values, choices, row):
    """Vertex numbers once around the trunk at a row of the panels' grids."""
    panels = family.pattern(values, choices).panels
    front, back = panels[0].numbers(), panels[1].numbers()
    return np.concatenate([front[row], back[row, -2:0:-1]])


@pytest.mark.parametrize("name", GARMENTS)
def test_mesh_is_clean(name):
    family = get_family(name)
    mesh = family.build({}, {})
    assert len(mesh.faces) <= 20_000
    places, faces = welded(mesh)
    np.testing.assert_array_equal(places[mesh.weld].astype(np.float32), mesh.vertices)
    _, uses = edge_uses(faces)
    assert uses.max() == 2
    assert openings(faces) == OPENINGS.get(name, 4)
    corner = places[faces]
    area = np.linalg.norm(
        np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]), axis=1
    )
    assert area.min() > 1e-9
    # Wound outwards: the normals of the trunk point away from its middle.
    normals = mesh.normals()
    for part in mesh.parts:
        if part.endswith(("front", "back")):
            outwards = 1 if part.endswith("front") else -1
            assert outwards * normals[mesh.part_faces(part).ravel(), 2].mean() > 0.4


DRESSED = [
    ("shirt", {"front": "open", "sleeves": "short"}, 3),
    ("shirt", {"collar": "none", "front": "pullover", "sleeves": "none"}, 4),
    ("shirt", {"collar": "stand", "bands": "plain"}, 4),
    ("outwear", {"collar": "hood", "front": "pullover", "bands": "ribbed"}, 4),
    ("outwear", {"collar": "hood", "front": "open", "sleeves": "none"}, 3),
    ("outwear", {"collar": "lapel", "front": "buttons", "bands": "cuffs"}, 4),
    ("outwear", {"collar": "none", "neckline": "v", "front": "open"}, 3),
    ("outwear", {"collar": "shirt", "front": "zip"}, 4),
]


@pytest.mark.parametrize(("name", "choices", "holes"), DRESSED)
def test_collars_hoods_and_openings_are_sewn_in(name, choices, holes):
    family = get_family(name)
    base = family.build({}, choices)
    places, faces = welded(base)
    np.testing.assert_array_equal(places[base.weld].astype(np.float32), base.vertices)
    _, uses = edge_uses(faces)
    assert uses.max() == 2 and openings(faces) == holes
    assert len(np.unique(faces)) == len(places), "nothing is loose"
    assert len(base.faces) <= 20_000
    for values in extremes(family):
        mesh = family.build(values, choices)
        assert np.isfinite(mesh.vertices).all() and np.abs(mesh.vertices).max() < 3.0
        np.testing.assert_array_equal(mesh.faces, base.faces)
        np.testing.assert_array_equal(mesh.uv, base.uv)


def test_an_open_front_shows_its_gap_and_keeps_the_cloths_width():
    family, choices = get_family("outwear"), {"front": "open", "collar": "none"}
    mesh = family.build({"front_gap": 0.2}, choices)
    pattern = family.pattern({"front_gap": 0.2}, choices)
    left, right = (pattern.panel(f"{s}_front").numbers() for s in ("left", "right"))
    assert np.linalg.norm(mesh.vertices[left[0, 0]] - mesh.vertices[right[0, -1]]) == pytest.approx(
        0.2, abs=0.03
    )
    row = mesh.vertices[left[4]]
    length = np.linalg.norm(np.diff(row, axis=0), axis=1).sum()
    flat = np.linalg.norm(np.diff(pattern.panel("left_front").grid[4], axis=0), axis=1).sum()
    assert length == pytest.approx(flat, rel=0.03)


def test_a_higher_collar_and_a_larger_hood_rise():
    family = get_family("outwear")

    def top(values, choices, part):
        mesh = family.build(values, choices)
        return float(mesh.vertices[np.unique(mesh.part_faces(part)), 1].max())

    stand = {"collar": "stand"}
    rise = top({"collar_height": 0.09}, stand, "collar_stand") - top(
        {"collar_height": 0.05}, stand, "collar_stand"
    )
    assert rise == pytest.approx(0.04, abs=0.008)
    hood = {"collar": "hood"}
    assert top({"hood_height": 0.44}, hood, "left_hood") > top(
        {"hood_height": 0.36}, hood, "left_hood"
    )


def test_cuffs_belong_to_the_sleeves_length():
    family = get_family("shirt")
    length = {}
    for cuff in (0.04, 0.09):
        values = {"sleeve_length": 0.6, "cuff_height": cuff}
        mesh, pattern = family.build(values, {}), family.pattern(values, {})
        middle = 14
        parts = [pattern.panel(f"left_{p}").numbers()[:, middle] for p in ("cuff", "sleeve")]
        spans = [
            float(np.linalg.norm(np.diff(mesh.vertices[p], axis=0), axis=1).sum()) for p in parts
        ]
        assert spans[0] == pytest.approx(cuff, abs=0.006)
        length[cuff] = sum(spans)
    assert length[0.04] == pytest.approx(length[0.09], abs=0.006)


def test_sleeveless_dress_opens_at_neck_arms_and_hem():
    _, faces = welded(get_family("dress").build({}, {"sleeves": "none"}))
    assert openings(faces) == 4


@pytest.mark.parametrize("name", GARMENTS)
def test_values_and_bodies_move_vertices_and_nothing_else(name):
    family, form = get_family(name), reference_form()
    base = family.build({}, {})
    wide = BodyForm((form.vertices * [1.15, 1.02, 1.1]).astype(np.float32), form.faces, form.skin)
    for mesh in [family.build(v, {}) for v in extremes(family)] + [family.drape_on({}, {}, wide)]:
        assert np.isfinite(mesh.vertices).all()
        for field in ("faces", "uv", "weld", "face_part"):
            np.testing.assert_array_equal(getattr(mesh, field), getattr(base, field))
        assert mesh.parts == base.parts
        assert np.abs(mesh.vertices).max() < 3.0


def test_girths_are_twice_the_widths_where_the_body_is_smaller():
    family = get_family("t_shirt")
    for chest in (0.54, 0.62):
        values = family.defaults({}) | {
            "chest_width": chest,
            "waist_width": chest,
            "hem_width": chest,
        }
        mesh = family.build(values, {})
        for row in (0, 8, 16):
            ring = ring_at(family, mesh, values, {}, row)
            assert girth(mesh, ring) == pytest.approx(2 * chest, rel=0.015)


def test_a_garment_smaller_than_the_body_stretches_over_it():
    family = get_family("t_shirt")
    values = family.defaults({}) | {"chest_width": 0.32, "waist_width": 0.3, "hem_width": 0.3}
    mesh = family.build(values, {})
    ring = ring_at(family, mesh, values, {}, 14)
    assert girth(mesh, ring) > 2 * 0.33


def test_sleeves_are_as_long_as_they_say():
    family = get_family("long_sleeve")
    tops = {}
    for length in (0.45, 0.60):
        values = family.defaults({}) | {"sleeve_length": length}
        mesh = family.build(values, {})
        sleeve = family.pattern(values, {}).panel("left_sleeve").numbers()
        line = mesh.vertices[sleeve[:, sleeve.shape[1] // 2]]
        tops[length] = float(np.linalg.norm(np.diff(line, axis=0), axis=1).sum())
        assert tops[length] == pytest.approx(length, abs=0.02)
    assert tops[0.60] - tops[0.45] == pytest.approx(0.15, abs=0.02)


def test_body_length_is_measured_down_the_cloth():
    family = get_family("t_shirt")
    drop = {}
    for length in (0.62, 0.72):
        values = family.defaults({}) | {"body_length": length}
        mesh = family.build(values, {})
        front = family.pattern(values, {}).panel("front").numbers()
        line = mesh.vertices[front[:, 8]]
        drop[length] = float(np.linalg.norm(np.diff(line, axis=0), axis=1).sum())
        assert drop[length] == pytest.approx(length, rel=0.04)
    assert drop[0.72] - drop[0.62] == pytest.approx(0.10, abs=0.01)


@pytest.mark.parametrize("name", GARMENTS)
def test_cloth_stays_outside_the_body(name):
    form = reference_form()
    mesh = get_family(name).build({}, {})
    body = BodyForm(form.vertices, form.faces, form.skin)
    from reconstruction.mesh import vertex_normals

    normals = vertex_normals(body.vertices, body.faces)
    distance, near = cKDTree(body.vertices).query(mesh.vertices)
    depth = np.einsum("nc,nc->n", mesh.vertices - body.vertices[near], normals[near])
    close = distance < 0.03
    assert (depth[close] < -0.002).mean() < 0.005


@pytest.mark.parametrize("name", GARMENTS)
def test_skin_follows_the_bones_and_is_shared_across_seams(name):
    mesh = get_family(name).build({}, {})
    skin = mesh.skin
    assert skin.names == reference_form().skin.names
    assert skin.joints.shape == skin.weights.shape and skin.joints.shape[1] <= 8
    np.testing.assert_allclose(skin.weights.sum(axis=1), 1.0, atol=1e-5)
    dense = np.zeros((len(mesh.vertices), len(skin.names)))
    np.put_along_axis(dense, skin.joints.astype(int), skin.weights, axis=1)
    first = np.zeros((mesh.weld.max() + 1, dense.shape[1]))
    first[mesh.weld] = dense
    np.testing.assert_allclose(dense, first[mesh.weld], atol=1e-6)
    if "left_sleeve" in mesh.parts:
        sleeve = np.unique(mesh.part_faces("left_sleeve"))
        right = [i for i, n in enumerate(skin.names) if n.startswith("right")]
        assert dense[sleeve][:, right].sum(axis=1).max() < 0.2


def test_drape_is_symmetric():
    mesh = get_family("t_shirt").build({}, {})
    flipped = mesh.vertices * [-1, 1, 1]
    distance, _ = cKDTree(mesh.vertices).query(flipped)
    assert np.quantile(distance, 0.99) < 0.006


@pytest.mark.parametrize("name", ["dress", "skirt"])
def test_rest_edges_are_the_patterns_lengths(name):
    family = get_family(name)
    choices = {c.name: c.default for c in family.choices}
    values = family.defaults(choices)
    rest = rest_edges(family, values, choices)
    longer = rest_edges(family, values | {p: values[p] * 1.05 for p in values}, choices)
    np.testing.assert_array_equal(rest.pairs, longer.pairs)
    assert rest.lengths.min() > 0
    assert np.median(longer.lengths / rest.lengths) == pytest.approx(1.05, abs=0.01)
    assert rest.pairs.max() < rest.groups == family.build(values, choices).weld.max() + 1
    threads = rest.kind == 0
    mesh = family.build(values, choices)
    places, _ = welded(mesh)
    worn = np.linalg.norm(places[rest.pairs[:, 0]] - places[rest.pairs[:, 1]], axis=1)
    assert np.median(worn[threads] / rest.lengths[threads]) == pytest.approx(1.0, abs=0.06)


@pytest.mark.parametrize("name", (*GARMENTS, "hat", "shoes"))
def test_random_members_are_manifold_and_open_at_their_hems_alone(name):
    family = get_family(name)
    members = [family.sample(np.random.default_rng(seed)) for seed in (41, 42)]
    collars = [o for c in family.choices if c.name == "collar" for o in c.options]
    members += [(members[0][0], {**members[0][1], "collar": collar}) for collar in collars]
    for sampled in members:
        values, choices = complete(family, *sampled)
        found = soundness(family.build(values, choices))
        assert found.manifold and found.hemmed, choices
        assert (found.loops == 0) == (name in ("hat", "shoes"))
