"""Drawn photos of garments on a person, with the garment's true mask."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from reconstruction.dressform import reference_form
from reconstruction.families import get_family
from reconstruction.garment.drape import drape
from reconstruction.mesh import vertex_normals
from reconstruction.render.camera import Camera
from reconstruction.render.shading import Light, linear_to_srgb, shade, srgb_to_linear
from reconstruction.render.zbuffer import render

SIZE = (640, 420)
SKINS = ((245, 215, 196), (224, 172, 140), (188, 130, 92), (134, 84, 56), (72, 46, 36))
"""From very light to very dark, sRGB."""


@dataclass(frozen=True)
class Outfit:
    """What the drawn person looks like; colours are sRGB."""

    families: tuple[str, ...]
    colours: tuple[tuple[int, int, int], ...]
    skin: tuple[int, int, int]
    hair: tuple[int, int, int]
    ground: tuple[int, int, int]


def _hair(form):
    """Faces of the head that hair covers: its top, its back, and its sides above the jaw."""
    v = form.vertices
    head = v[:, 1] > v[:, 1].max() - 0.23
    centre = v[head].mean(axis=0)
    top = v[:, 1].max()
    on = head & ((v[:, 1] > top - 0.075) | ((v[:, 2] < centre[2] + 0.02) & (v[:, 1] > top - 0.2)))
    return on[form.faces].all(axis=1)


def _lowered(points, skin):
    """The points with the arms let down, by the skeleton they hang on."""
    names = list(skin.names)
    matrices = np.repeat(np.eye(4)[None], len(names), axis=0)
    for side in ("left", "right"):
        at = next(i for i, n in enumerate(names) if n.lower() == f"{side}upperarm")
        angle = -np.sign(skin.rest[at][0]) * np.radians(22)
        c, s = np.cos(angle), np.sin(angle)
        turn = np.eye(4)
        turn[:2, :2] = [[c, -s], [s, c]]
        turn[:3, 3] = skin.rest[at] - turn[:3, :3] @ skin.rest[at]
        below = {at}
        for i, parent in enumerate(skin.parents):
            if parent in below:
                below.add(i)
        for i in below:
            matrices[i] = turn
    mixed = np.einsum("nk,nkij->nij", skin.weights, matrices[skin.joints])
    whole = np.concatenate([points, np.ones((len(points), 1))], axis=1)
    return np.einsum("nij,nj->ni", mixed, whole)[:, :3].astype(np.float32)


@cache
def picture(outfit: Outfit, seed: int = 0):
    """A photo (h, w, 3) uint8, each garment's true mask (h, w) bool, and the person's mask."""
    rng = np.random.default_rng(seed)
    form = reference_form()
    vertices = [_lowered(form.vertices, form.skin)]
    faces = [form.faces]
    colours = [np.where(_hair(form)[:, None], outfit.hair, outfit.skin)]
    label = [np.zeros(len(form.faces), np.int32)]
    for i, (name, colour) in enumerate(zip(outfit.families, outfit.colours, strict=True)):
        family = get_family(name)
        choices = {c.name: c.default for c in family.choices}
        mesh = drape(family, family.defaults(choices), choices, form)
        faces.append(mesh.faces + sum(len(v) for v in vertices))
        vertices.append(_lowered(mesh.vertices, mesh.skin))
        colours.append(np.tile(colour, (len(mesh.faces), 1)))
        label.append(np.full(len(mesh.faces), i + 1, np.int32))
    points, triangles = np.concatenate(vertices), np.concatenate(faces)
    camera = Camera(0.0, 0.02, distance=4.0, fov=0.48, target=(0.0, 0.84, 0.0))
    big = (SIZE[0] * 2, SIZE[1] * 2)
    raster = render(points, triangles, camera, big)
    albedo = srgb_to_linear(np.concatenate(colours).astype(np.uint8)[None])[0]
    light = Light((float(rng.uniform(-0.7, 0.7)), 0.8, 0.9))
    drawn = shade(raster, triangles, vertex_normals(points, triangles), albedo, light)
    which = np.where(raster.face_id >= 0, np.concatenate(label)[raster.face_id], -1)
    y = np.linspace(1.0, 0.88, big[0])[:, None, None]
    wall = srgb_to_linear(np.array(outfit.ground, np.uint8)[None, None]) * y
    linear = drawn[..., :3] + wall * (1 - drawn[..., 3:])
    # Folds, cloth and skin are not of one tone.
    folds = cv2.GaussianBlur(rng.normal(0, 1, big).astype(np.float32), (0, 0), 9)
    folds = 1 + 0.09 * folds / folds.std() * (which > 0)
    rgb = linear_to_srgb(np.clip(linear * folds[..., None], 0, 1).astype(np.float32))
    rgb = cv2.resize(rgb, SIZE[::-1], interpolation=cv2.INTER_AREA).astype(np.float32)
    rgb = np.clip(rgb + rng.normal(0, 3, rgb.shape), 0, 255).astype(np.uint8)
    small = which[::2, ::2]
    return rgb, [small == i + 1 for i in range(len(outfit.families))], small >= 0
