"""A garment parted from the person who wears it.

A wearer is believed in only by shape and colour together: a head on a neck above the shoulders
(or, where raised arms, hats and bags hide that outline, a face before the background, see
:mod:`.face`), whose face has a colour that skin can have and that the clothes below have not; or,
where the photo shows no head, at least three bare places (neck, arms, legs) of one and the same
skin colour. The colours of that very skin, of the hair above it and of the clothes then share the
mask out. Skin is compared by the logarithms of its colours' ratios, which shading does not change.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from .face import find_face
from .subjects import Subject

if TYPE_CHECKING:
    from ..networks.inference import Proposal

F32 = NDArray[np.float32]
U8 = NDArray[np.uint8]
Bool = NDArray[np.bool_]

_WORK = 400
"""Longer side of the picture on which the wearer is looked for, pixels."""
_LEAST = 40
"""A product of fewer rows on that picture is not looked at."""
_RATIOS = (0.06, 0.09)
"""Least tolerance of ln(R/G) and of ln(B/G) around a face's own, at one part of distance."""
_SHADE = 0.45
"""The same of ln(G): light and shade on a body."""
_NEAR = 2.2
"""Distance, in those tolerances, within which a colour is this person's skin."""
_APART = 14.0
"""Least difference in CIELAB between a face and the clothes below it."""
_HUES = (22.0, 80.0)
"""Hue of skin in CIELAB, degrees."""
_COMPACT = 0.75
"""Least share of bare skin that survives an opening by 5 pixels."""
_BARE = 0.004
"""A bare place has at least this share of the mask."""
_KEPT = 0.12
"""Least share of the mask that has to be left for the result to be a garment."""
_FACE, _COVERED_FACE = 0.35, 0.15
"""Least share of a face's place with a colour of skin: of a head, and of a face that was found,
most of which glasses, a beard and a hat's shadow may cover."""
_CRUMB = 0.2
"""Pieces of clothing below this share of the largest are left out: shoes, a bracelet."""
_WAIST = 20.0
"""Least difference in CIELAB of an upper and a lower garment; chosen on drawn outfits."""
_UPPER = frozenset({"t-shirt", "longsleeve", "shirt", "outwear"})
_LOWER = frozenset({"pants", "shorts", "skirt"})
_SURE = 0.5


@dataclass(frozen=True)
class Worn:
    """Whether a person was found in a mask, and what was taken away.

    Attributes:
        found: whether someone wears the garment.
        share_removed: of the mask's area, 0 to 1.
        what: of ``"face"``, ``"skin"``, ``"hair"``, ``"small pieces"``.
    """

    found: bool
    share_removed: float = 0.0
    what: tuple[str, ...] = ()

    @property
    def note(self) -> str:
        """What a person should read about it."""
        return (
            f"Somebody wears the garment: {', '.join(self.what)} ({self.share_removed:.0%} of "
            "what stood out) were taken away. Folds and covered edges make sizes less sure; a "
            "photo of it laid flat is better."
        )


@dataclass(frozen=True)
class _Head:
    """Rows of a head: from ``top`` to the narrowest of the ``neck`` and to the ``shoulder``."""

    top: int
    neck: int
    shoulder: int
    left: int
    right: int


def part_from_wearer(rgb: U8, mask: F32) -> tuple[F32, Worn]:
    """The garment of a mask that holds a garment and, perhaps, its wearer.

    Args:
        rgb: (h, w, 3) uint8, upright.
        mask: (h, w) float32, 0 to 1.

    Returns:
        (h, w) float32 mask of the clothes, and what was found; the very same mask where nobody
        wears it.
    """
    height, width = mask.shape
    scale = min(1.0, _WORK / max(height, width))
    size = (max(8, round(width * scale)), max(8, round(height * scale)))
    work = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
    solid = cv2.resize(mask, size, interpolation=cv2.INTER_AREA) > 0.5
    found = _parted(work, solid)
    if found is None:
        return mask, Worn(False)
    gone, what = found
    kept = np.asarray(solid & ~gone)
    gone = solid & ~kept
    share = float(gone.sum() / solid.sum())
    soft = cv2.GaussianBlur(gone.astype(np.float32), (0, 0), 0.7)
    soft = np.asarray(cv2.resize(soft, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
    # Half a pixel of the mask's own soft rim would stay around what went.
    rim = cv2.dilate(gone.astype(np.uint8), np.ones((3, 3), np.uint8)) & ~solid.astype(np.uint8)
    halo = cv2.resize(rim.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    clear = np.clip(np.maximum(soft, halo), 0, 1)
    return np.asarray(np.minimum(mask, 1 - clear), np.float32), Worn(True, share, what)


def _parted(rgb: U8, solid: Bool) -> tuple[Bool, tuple[str, ...]] | None:
    """What of a mask is no clothing and how it is called, or None without a wearer."""
    rows = np.flatnonzero(solid.any(axis=1))
    if len(rows) < _LEAST:
        return None
    smooth = cv2.bilateralFilter(rgb, 5, 25, 3)
    lab = cv2.cvtColor(smooth.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    ratios = colour_ratios(smooth)
    every = skin_like(smooth)
    likely = solid & every
    head = _head(solid)
    skin = None
    if head is not None:
        skin = _skin_of_head(lab, ratios, solid, likely, head, _FACE)
    if skin is None and likely.sum() > _BARE * solid.sum():
        head = _head_of_face(find_face(rgb, solid), solid)
        if head is not None:
            skin = _skin_of_head(lab, ratios, solid, likely, head, _COVERED_FACE)
    if skin is None:
        head = None
        skin = _skin_of_limbs(lab, ratios, solid, every)
    if skin is None:
        return None
    return _share_out(lab, solid, skin, head)


def colour_ratios(rgb: U8) -> F32:
    """(h, w, 3): ln(R/G), ln(B/G), ln(G); a small offset keeps dark noise down."""
    logs = np.log(rgb.astype(np.float32) + 6)
    return np.stack([logs[..., 0] - logs[..., 1], logs[..., 2] - logs[..., 1], logs[..., 1]], -1)


def skin_like(rgb: U8) -> Bool:
    """(h, w) colours that skin can have.

    The Cr and Cb range of Chai and Ngan (1999), which holds for all complexions, a little wider.
    """
    ycc = cv2.cvtColor(rgb, cv2.COLOR_RGB2YCrCb)
    red, blue = ycc[..., 1], ycc[..., 2]
    return np.asarray((red >= 132) & (red <= 178) & (blue >= 77) & (blue <= 128) & (red > blue + 6))


def _head(solid: Bool) -> _Head | None:
    """A head on a neck above wider shoulders, by the outline alone."""
    rows = np.flatnonzero(solid.any(axis=1))
    first, tall = int(rows[0]), int(rows[-1] - rows[0] + 1)
    left = solid.argmax(axis=1)
    right = solid.shape[1] - solid[:, ::-1].argmax(axis=1)
    wide = np.where(solid.any(axis=1), right - left, 0)[first : first + tall].astype(np.float64)
    wide = np.convolve(np.pad(wide, 2, "edge"), np.ones(5) / 5, "valid")
    for end in range(max(8, round(0.07 * tall)), round(0.5 * tall)):
        above = wide[: end - max(1, round(0.02 * tall))]
        usual = float(np.median(above[len(above) // 4 :]))
        if usual < 0.05 * tall or wide[end] < 1.75 * usual:
            continue
        if not 0.75 <= end / usual <= 2.6:
            return None
        half = round(0.45 * end)
        neck = half + int(np.argmin(wide[half:end]))
        box = slice(first, first + neck + 1)
        inside = solid[box].any(axis=0)
        columns = np.flatnonzero(inside)
        lower = wide[min(end + round(0.3 * end), tall - 1)]
        if lower < 1.7 * usual:
            return None
        filled = solid[box, columns[0] : columns[-1] + 1].mean()
        if filled < 0.55:
            return None
        at = (columns[0] + columns[-1]) / 2
        across = np.flatnonzero(solid[first + end : first + 2 * end].any(axis=0))
        if not across[0] + 0.2 * np.ptp(across) < at < across[-1] - 0.2 * np.ptp(across):
            return None
        return _Head(first, first + neck, first + end, int(columns[0]), int(columns[-1]) + 1)
    return None


def _head_of_face(face: tuple[int, int, int, int] | None, solid: Bool) -> _Head | None:
    """The head around a face's box (left, top, right, bottom)."""
    if face is None:
        return None
    left, top, right, bottom = face
    high = bottom - top
    column = solid[:, (left + right) // 2]
    crown = int(np.flatnonzero(column)[0]) if column.any() else top
    return _Head(
        max(crown, top - round(0.6 * high)),
        bottom + round(0.08 * high),
        bottom + round(0.35 * high),
        left,
        right,
    )


def _near(ratios: F32, seed: Bool, solid: Bool) -> Bool:
    """(h, w) where the colour is that of the seed pixels, shading aside."""
    values = ratios[seed]
    middle = np.median(values, axis=0)
    spread = 1.48 * np.median(np.abs(values - middle), axis=0)
    spread = np.maximum(spread, (*_RATIOS, _SHADE))
    spread = np.minimum(spread, (0.14, 0.18, 0.7))
    far = np.linalg.norm((ratios - middle) / spread, axis=-1)
    near = (solid & (far < _NEAR)).astype(np.uint8)
    return np.asarray(cv2.morphologyEx(near, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)) > 0)


def _skin_of_head(
    lab: F32, ratios: F32, solid: Bool, likely: Bool, head: _Head, least: float
) -> Bool | None:
    """The skin of a mask by its face's colour, or None if that is no face.

    Args:
        least: share of the face's place that must have a colour of skin.
    """
    tall, wide = head.shoulder - head.top, head.right - head.left
    middle = np.zeros_like(solid)
    middle[
        head.top + round(0.3 * tall) : head.top + round(0.95 * tall),
        head.left + round(0.22 * wide) : head.right - round(0.22 * wide),
    ] = True
    face = middle & likely
    if face.sum() < 20 or face.sum() < least * (middle & solid).sum():
        return None
    skin = _near(ratios, face, solid)
    below = solid.copy()
    below[: head.shoulder + round(0.25 * tall)] = False
    below[head.shoulder + round(2.2 * tall) :] = False
    below[:, : head.left] = False
    below[:, head.right :] = False
    if below.sum() < 30:
        return None
    apart = np.linalg.norm(np.median(lab[below], axis=0) - np.median(lab[face], axis=0))
    if apart < _APART or (skin & below).sum() > 0.5 * below.sum():
        return None
    return skin


def _skin_of_limbs(lab: F32, ratios: F32, solid: Bool, every: Bool) -> Bool | None:
    """The skin of a mask by three bare places of one colour at its ends, or None."""
    best: tuple[int, Bool] | None = None
    likely = solid & every
    for seed in _ends(likely, solid):
        skin = _near(ratios, seed & likely, solid) & likely
        spots = _bare_places(skin, solid)
        share = skin.sum() / solid.sum()
        cloth = solid & ~cv2.dilate(skin.astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool)
        if len(spots) < 3 or not 0.03 < share < 0.6 or cloth.sum() < 0.3 * solid.sum():
            continue
        _, red, yellow = np.median(lab[skin], axis=0)
        if not _HUES[0] < np.degrees(np.arctan2(yellow, red)) < _HUES[1]:
            continue
        whole = cv2.morphologyEx(skin.astype(np.uint8), cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
        if whole.sum() < _COMPACT * skin.sum():
            continue  # The colour of a print.
        around = cv2.dilate(solid.astype(np.uint8), np.ones((25, 25), np.uint8)) > 0
        around &= cv2.dilate(solid.astype(np.uint8), np.ones((5, 5), np.uint8)) == 0
        ground = _near(ratios, seed & likely, around) & every
        if ground.sum() > 0.3 * around.sum():
            continue  # The colour of the ground.
        apart = np.linalg.norm(np.median(lab[cloth], axis=0) - np.median(lab[skin], axis=0))
        least = _APART * (0.85 if len(spots) > 3 else 1.5)
        if apart >= least and (best is None or len(spots) > best[0]):
            best = (len(spots), skin)
    return None if best is None else best[1]


def _ends(likely: Bool, solid: Bool) -> list[Bool]:
    """Where skin would show if it did: the middle of the top, and the bottom."""
    ys, xs = np.nonzero(solid)
    top, bottom, left, right = ys.min(), ys.max(), xs.min(), xs.max()
    out = []
    for rows in (
        slice(top, top + (bottom - top) // 8),
        slice(bottom - (bottom - top) // 8, bottom),
    ):
        seed = np.zeros_like(solid)
        seed[rows, left + (right - left) // 5 : right - (right - left) // 5] = True
        seed &= likely
        if seed.sum() >= max(12, 0.002 * solid.sum()):
            out.append(seed)
    return out


def _bare_places(skin: Bool, solid: Bool) -> set[str]:
    """Which of neck, left and right arm, left and right leg are bare and reach the outline."""
    ys, xs = np.nonzero(solid)
    top, tall = int(ys.min()), int(np.ptp(ys)) + 1
    left, wide = int(xs.min()), int(np.ptp(xs)) + 1
    rim = solid & (cv2.erode(solid.astype(np.uint8), np.ones((3, 3), np.uint8)) == 0)
    count, label, stats, centre = cv2.connectedComponentsWithStats(skin.astype(np.uint8))
    found = set()
    for i in range(1, count):
        if stats[i, cv2.CC_STAT_AREA] < _BARE * solid.sum() or not (rim & (label == i)).any():
            continue
        x, y = (centre[i][0] - left) / wide, (centre[i][1] - top) / tall
        side = "left" if x < 0.5 else "right"
        if y < 0.2 and 0.25 < x < 0.75:
            found.add("neck")
        elif y > 0.66:
            found.add(f"{side} leg")
        elif abs(x - 0.5) > 0.15:
            found.add(f"{side} arm")
    return found


def _share_out(
    lab: F32, solid: Bool, skin: Bool, head: _Head | None
) -> tuple[Bool, tuple[str, ...]] | None:
    """Share a mask out between clothes, skin and hair by their nearest colours."""
    grown = cv2.dilate(skin.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    cloth = solid & ~grown
    top = np.zeros_like(solid)
    hair = np.zeros_like(solid)
    if head is not None:
        # Raised arms and their sleeves are beside the head, not of it.
        pad = (head.right - head.left) // 2
        top[: head.neck, max(head.left - pad, 0) : head.right + pad] = True
        around = top.copy()
        around[head.neck : head.shoulder, max(head.left - pad, 0) : head.right + pad] = True
        cloth &= ~around
        hair = solid & top & ~grown
    if cloth.sum() < 0.1 * solid.sum():
        return None
    to_cloth = _to_nearest(lab, cloth, 5)
    to_skin = _to_nearest(lab, skin, 3)
    bare = solid & (cv2.GaussianBlur(to_skin - to_cloth, (0, 0), 1.0) < 0) & grown
    bare = _at_outline(bare | skin & (to_skin < to_cloth + 4), solid, skin)
    gone = bare | (top & solid)
    hairy = np.zeros_like(solid)
    if hair.sum() > 30 and np.median(to_cloth[hair]) > 8:
        like = solid & ~bare & (_to_nearest(lab, hair, 2) + 2 < to_cloth)
        hairy = _touching(like | (hair & top), hair) & like
        gone |= hairy
    gone = cv2.morphologyEx(gone.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8)) > 0
    rest, crumbs = _large(solid & ~gone)
    if rest.sum() < _KEPT * solid.sum():
        return None
    what = ["face"] if head is not None else []
    what += ["skin"] if (bare & ~top).any() else []
    what += ["hair"] if hair.sum() > 30 else []
    what += ["small pieces"] if crumbs else []
    return np.asarray(solid & ~rest), tuple(what)


def _to_nearest(lab: F32, of: Bool, count: int) -> F32:
    """(h, w) distance in CIELAB to the nearest of a few colours that some pixels have."""
    values = np.ascontiguousarray(lab[of][:: max(1, int(of.sum()) // 3000)], np.float32)
    count = min(count, len(values))
    cv2.setRNGSeed(0)
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 12, 0.5)
    _, _, centres = cv2.kmeans(values, count, None, stop, 1, cv2.KMEANS_PP_CENTERS)
    weight = np.array([0.6, 1, 1], np.float32)
    far = [np.linalg.norm((lab - c) * weight, axis=-1) for c in centres]
    return np.asarray(np.min(far, axis=0), np.float32)


def _at_outline(bare: Bool, solid: Bool, skin: Bool) -> Bool:
    """The bare pieces that are large and reach the outline: no print inside a garment."""
    rim = cv2.erode(solid.astype(np.uint8), np.ones((5, 5), np.uint8)) == 0
    count, label, stats, _ = cv2.connectedComponentsWithStats(bare.astype(np.uint8))
    keep = np.zeros(count, bool)
    for i in range(1, count):
        own = label == i
        large = stats[i, cv2.CC_STAT_AREA] >= 0.5 * _BARE * solid.sum()
        keep[i] = large and bool((own & rim).any()) and bool((own & skin).sum() > 0.3 * own.sum())
    return np.asarray(keep[label])


def _touching(like: Bool, seed: Bool) -> Bool:
    """The pieces that hold some of the seed."""
    count, label = cv2.connectedComponents(like.astype(np.uint8))
    keep = np.zeros(count, bool)
    keep[np.unique(label[seed & like])] = True
    keep[0] = False
    return np.asarray(keep[label])


def _large(rest: Bool) -> tuple[Bool, bool]:
    """The large pieces of what is left, without thin seams, and whether others were left out."""
    opened = cv2.morphologyEx(rest.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    count, label, stats, _ = cv2.connectedComponentsWithStats(opened)
    if count < 2:
        return rest & False, False
    area = stats[:, cv2.CC_STAT_AREA].astype(np.float64)
    area[0] = 0
    keep = area >= _CRUMB * area.max()
    return np.asarray(keep[label]), bool((area[~keep][1:] > 0.002 * rest.sum()).any())


def garments(
    rgb: U8, mask: F32, size: tuple[int, int], look: Callable[[F32], Proposal]
) -> tuple[Subject, ...]:
    """The upper and the lower garment that a person wears, larger first; empty for one garment.

    They are split at the row where the colour changes most, and only if the network knows what
    is above for an upper and what is below for a lower garment.

    Args:
        rgb: (h, w, 3) uint8.
        mask: (h, w) float32, 0 to 1, of the clothes alone.
        size: (height, width) of the original photo, for the boxes.
        look: the network's proposal for a mask of the photo.
    """
    row = waist(rgb, mask)
    if row is None:
        return ()
    found = []
    for upper, names in ((True, _UPPER), (False, _LOWER)):
        own = mask.copy()
        if upper:
            own[row:] = 0
        else:
            own[:row] = 0
        proposal = look(own)
        category = max(names, key=lambda n: proposal.categories.get(n, 0.0))
        sure = sum(proposal.categories.get(n, 0.0) for n in names)
        if sure < _SURE:
            return ()
        ys, xs = np.nonzero(own > 0.5)
        scale = size[1] / mask.shape[1]
        left, top, right, bottom = (
            round(float(v) * scale) for v in (xs.min(), ys.min(), xs.max() + 1, ys.max() + 1)
        )
        found.append(Subject((left, top, right, bottom), own, category, sure, proposal))
    return tuple(sorted(found, key=lambda s: -float(s.mask.sum())))


def waist(rgb: U8, mask: F32) -> int | None:
    """The row of a mask at which one colour of clothing ends and another begins, or None."""
    height, width = mask.shape
    scale = min(1.0, 256 / max(height, width))
    size = (max(8, round(width * scale)), max(8, round(height * scale)))
    lab = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    lab = cv2.cvtColor(lab, cv2.COLOR_RGB2LAB)
    solid = cv2.resize(mask, size, interpolation=cv2.INTER_AREA) > 0.6
    rows = np.flatnonzero(solid.sum(axis=1) > 4)
    if len(rows) < _LEAST:
        return None
    lines = np.stack([np.median(lab[y][solid[y]], axis=0) for y in rows])
    best, at = 0.0, 0
    for k in range(round(0.2 * len(rows)), round(0.85 * len(rows))):
        above, below = np.median(lines[:k], axis=0), np.median(lines[k:], axis=0)
        jump = float(np.linalg.norm(above - below))
        nearer = np.linalg.norm(lines - above, axis=1) < np.linalg.norm(lines - below, axis=1)
        right = float((nearer == (np.arange(len(rows)) < k)).mean())
        if right > 0.9 and jump >= _WAIST and right + 0.001 * jump > best:
            best, at = right + 0.001 * jump, k
    return None if best == 0.0 else round(float(rows[at]) / scale)
