"""A floor plan as a picture: what stands where, clearances, door swings, dimensions; from above.

The picture's right is +X and its lower edge +Z, as a visitor sees a plan who faces -Z.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from ..fit.furnishing import Footprint, Item, Side, Viewer, longer, rules, standing
from ..fit.placement import Floor
from ..fit.room import Opening, Room

Point = tuple[float, float]

FONT = Path(__file__).resolve().parents[2] / "assets" / "fonts" / "NotoSansSC-subset.otf"
LONGEST = 1000
"""Pixels of the longer side of the room."""

_FINE = 2
_WALL = 0.12
_INK, _PAPER, _FLOOR = "#2b2f36", "#ffffff", "#faf8f4"
_GREY, _GLASS, _SWING = "#d9d6d0", "#5aa0d8", "#b8763a"
_OWN, _OWN_LINE, _CLEAR = "#9fc5ec", "#1f5fa8", "#5d8f5a"
_MISS = "#c0392b"
_GAP = "#7a4fa3"


class _Sheet:
    """Paper that is drawn on in metres (x, z)."""

    def __init__(self, room: Room, captions: int) -> None:
        xs, zs = [c[0] for c in room.outline], [c[1] for c in room.outline]
        self.scale = LONGEST * _FINE / max(max(xs) - min(xs), max(zs) - min(zs))
        self.letter = 15 * _FINE
        edge = _WALL * self.scale + 3.2 * self.letter
        self.left, self.top = min(xs) - edge / self.scale, min(zs) - edge / self.scale
        width = round((max(xs) - min(xs)) * self.scale + 2 * edge)
        self.bottom = round((max(zs) - min(zs)) * self.scale + 2 * edge)
        tall = self.bottom + round(captions * 1.6 * self.letter)
        self.image = Image.new("RGB", (max(width, 46 * self.letter), tall), _PAPER)
        self.draw = ImageDraw.Draw(self.image)

    def at(self, point: Point) -> Point:
        return (point[0] - self.left) * self.scale, (point[1] - self.top) * self.scale

    def line(self, points: Sequence[Point], color: str, width: float = 1.5) -> None:
        self.draw.line([self.at(p) for p in points], color, round(width * _FINE), joint="curve")

    def shape(self, points: Sequence[Point], fill: str | None, line: str, width: float) -> None:
        if fill is not None:
            self.draw.polygon([self.at(p) for p in points], fill)
        self.line([*points, points[0], points[1]], line, width)

    def dashed(self, points: Sequence[Point], color: str, width: float = 1.5) -> None:
        for a, b in pairwise(points):
            count = max(1, round(math.dist(a, b) / 0.09))
            for i in range(count):
                ends = [_between(a, b, (i + t) / count) for t in (0.0, 0.55)]
                self.line(ends, color, width)

    def text(self, point: Point, words: str, color: str = _INK, size: float = 1.0) -> None:
        font = ImageFont.truetype(str(FONT), round(self.letter * size))
        x, y = self.at(point)
        box = self.draw.textbbox((x, y), words, font=font, anchor="mm")
        self.draw.rectangle((box[0] - 3, box[1] - 2, box[2] + 3, box[3] + 2), _PAPER)
        self.draw.text((x, y), words, color, font=font, anchor="mm")

    def arrow(self, a: Point, b: Point, color: str, width: float = 1.5) -> None:
        """A line with a head at both ends."""
        self.line([a, b], color, width)
        far = math.dist(a, b)
        head = min(7 * _FINE / self.scale, far / 3)
        if far < 1e-6:
            return
        du, dv = (b[0] - a[0]) / far, (b[1] - a[1]) / far
        for tip, sign in ((a, 1.0), (b, -1.0)):
            back = (tip[0] + sign * head * du, tip[1] + sign * head * dv)
            wide = 0.45 * head
            self.draw.polygon(
                [
                    self.at(tip),
                    self.at((back[0] - wide * dv, back[1] + wide * du)),
                    self.at((back[0] + wide * dv, back[1] - wide * du)),
                ],
                color,
            )


def draw_plan(
    floor: Floor,
    shown: str,
    *,
    captions: Sequence[str] = (),
    wanted: Item | None = None,
) -> Image.Image:
    """Draw a floor.

    Args:
        shown: id of the item whose gaps and clearance are drawn; ``""`` for none.
        captions: lines under the plan.
        wanted: where something was asked to stand and cannot; in red.
    """
    sheet = _Sheet(floor.room, len(captions) + 1)
    _walls(sheet, floor.room)
    for o in floor.room.obstacles:
        box = Item(o.name, Footprint(o.width, o.depth, o.height), o.x, o.z, o.yaw)
        sheet.shape(box.corners(), _GREY, _INK, 1)
        sheet.text((o.x, o.z), o.name, size=0.75)
    for key, item in floor.items.items():
        if key != shown:
            sheet.shape(item.corners(), "#e7d9c4", _INK, 1.2)
            sheet.text(item.middle, item.category or key, size=0.8)
    if floor.visitor is not None:
        _visitor(sheet, floor.visitor)
    if wanted is not None:
        sheet.dashed([*wanted.corners(), wanted.corners()[0]], _MISS, 2)
    if shown:
        _product(sheet, floor, floor.get(shown))
    for number, words in enumerate(captions):
        font = ImageFont.truetype(str(FONT), sheet.letter)
        y = sheet.bottom + number * 1.6 * sheet.letter
        sheet.draw.text((sheet.letter, y), words, _INK, font=font)
    size = (sheet.image.width // _FINE, sheet.image.height // _FINE)
    return sheet.image.resize(size, Image.Resampling.LANCZOS)


def _walls(sheet: _Sheet, room: Room) -> None:
    corners = list(room.outline)
    for wall in room.walls:
        outer = [wall.at(-_WALL, -_WALL), wall.at(wall.length + _WALL, -_WALL)]
        inner = [wall.at(wall.length + _WALL), wall.at(-_WALL)]
        sheet.draw.polygon([sheet.at((u, -v)) for u, v in (*outer, *inner)], _INK)
    sheet.draw.polygon([sheet.at(c) for c in corners], _FLOOR)
    for wall in room.walls:
        u, v = wall.at(wall.length / 2, -_WALL - 1.3 * sheet.letter / sheet.scale)
        sheet.text((u, -v), f"{wall.length:.2f} m", size=0.85)
    for opening in room.openings:
        _opening(sheet, room, opening)


def _opening(sheet: _Sheet, room: Room, o: Opening) -> None:
    wall = room.walls[o.wall]

    def at(along: float, inwards: float) -> Point:
        u, v = wall.at(o.offset + along, inwards)
        return (u, -v)

    gap = [at(0, 0), at(o.width, 0), at(o.width, -_WALL), at(0, -_WALL)]
    sheet.draw.polygon([sheet.at(p) for p in gap], _PAPER)
    if o.kind == "window":
        for inwards in (0.0, -_WALL / 2, -_WALL):
            sheet.line([at(0, inwards), at(o.width, inwards)], _GLASS, 2)
        return
    turns = [i * math.pi / 32 for i in range(17)]
    arc = [at(o.width * math.cos(t), o.width * math.sin(t)) for t in turns]
    sheet.dashed(arc, _SWING)
    sheet.line([at(0, 0), at(0, o.width)], _SWING, 3)


def _visitor(sheet: _Sheet, who: Viewer) -> None:
    radius = float(rules()["visitor"]["radius"])
    x, y = sheet.at((who.x, who.z))
    r = radius * sheet.scale
    sheet.draw.ellipse((x - r, y - r, x + r, y + r), outline=_INK, width=_FINE)
    dx, dz = who.direction("forward")
    sheet.line([(who.x, who.z), (who.x + radius * dx, who.z + radius * dz)], _INK, 2)


def _product(sheet: _Sheet, floor: Floor, item: Item) -> None:
    shape = item.footprint
    keep = float(rules()["clearance"].get(item.category, rules()["clearance"]["default"]))
    if keep > 0:
        ahead = longer(shape, "depth", keep)
        dx, dz = item.facing
        mx, mz = item.middle
        grown = standing(
            Item(item.id, ahead, item.x, item.z, item.yaw), mx + dx * keep / 2, mz + dz * keep / 2
        )
        sheet.dashed([*grown.corners(), grown.corners()[0]], _CLEAR)
    sheet.shape(item.corners(), _OWN, _OWN_LINE, 2)
    mx, mz = item.middle
    dx, dz = item.facing
    # A triangle at the front's edge shows where it faces.
    tip = (mx + dx * shape.depth / 2, mz + dz * shape.depth / 2)
    base = (tip[0] - 0.12 * dx, tip[1] - 0.12 * dz)
    side = (0.08 * dz, -0.08 * dx)
    triangle = [tip, (base[0] + side[0], base[1] + side[1]), (base[0] - side[0], base[1] - side[1])]
    sheet.draw.polygon([sheet.at(p) for p in triangle], _OWN_LINE)
    for name, (room, _) in floor.gaps(item).items():
        if room < 0.005 or room > 100.0:
            continue
        a, b = _gap_line(item, name, room)
        sheet.arrow(a, b, _GAP)
        if room >= 0.05:
            sheet.text(_between(a, b, 0.5), f"{math.floor(room * 100)}", _GAP, 0.85)
    words = f"{shape.width * 100:.0f} × {shape.depth * 100:.0f} cm"
    sheet.text((mx - 0.06 * dx, mz - 0.06 * dz), words, _OWN_LINE, 0.85)


def _gap_line(item: Item, side: Side, room: float) -> tuple[Point, Point]:
    c, s = math.cos(item.yaw), math.sin(item.yaw)
    half = item.footprint.width / 2 if side in ("left", "right") else item.footprint.depth / 2
    # Map axes (u, v = -z): right is (c, s), front is (s, -c).
    du, dv = {"right": (c, s), "left": (-c, -s), "front": (s, -c), "back": (-s, c)}[side]
    mx, mz = item.middle
    start = (mx + half * du, mz - half * dv)
    return start, (start[0] + room * du, start[1] - room * dv)


def _between(a: Point, b: Point, t: float) -> Point:
    return a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t
