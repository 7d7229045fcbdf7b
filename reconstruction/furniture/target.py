"""What a piece of furniture is fitted to: a mask, and where the photo changes its material.

The mask is cut out and scaled into a small square, so that fitting costs the same for any photo;
:class:`Target` remembers the way back to the photo's pixels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numba as nb
import numpy as np
from numpy.typing import NDArray

from ..errors import NoProductError
from ..mesh import F32, I32
from ..render.camera import Camera, orbit_rotation
from .creases import PhotoEdges, clarity, inner, photo_edges, photo_pairs
from .picture import blur

F64 = NDArray[np.float64]
SIDE = 112
COLOURS = 2
"""Directions of colour in which a product's materials may differ."""
FINE_SIDE = 184
_FILL = 0.94
_LAYER = 0.3
_MOST = 2.5
"""Deviations from the mean colour beyond which they count no more, as of highlights."""
_ANGLE = math.atan(0.382)
TURN = np.array([[math.cos(_ANGLE), -math.sin(_ANGLE)], [math.sin(_ANGLE), math.cos(_ANGLE)]])
"""The square is turned against the photo: edges of furniture are mostly level or upright, and a
level edge would cross all the pixel centres of a row at once. The tangent is the golden section's,
which no small fraction comes near."""
_COS, _SIN = float(TURN[0, 0]), float(TURN[1, 0])


@dataclass(frozen=True, eq=False)
class Target:
    """A mask in a small square picture, turned by :data:`TURN` about its middle.

    Straight square pixels are those before the turn, parallel to the photo's.

    Attributes:
        inside: (s, s) uint8, 1 on the product.
        outward: (s, s) float32 distance to the product in shares of the side, 0 inside it.
        inward: (s, s) float32 distance to the background, 0 outside the product.
        colours: (s, s, 2) float32, the photo's colours on the product, see
            :func:`material_colours`; 0 elsewhere.
        colour_weight: 0 to 1, how much those differ.
        box: x, y, width, height of the product, straight square pixels.
        scale: photo pixels per square pixel.
        origin: photo position of the straight square's upper left corner, pixels.
        photo_size: (height, width) of the photo.
        cover: (s, s) float32, the share of each pixel that the product covers.
        layers: pictures already made by :func:`target_layers`.
        core: (s, s) uint8, 1 on the product away from its outline.
        pairs: (2, s, s) float32, the photo's edges (:func:`.creases.photo_pairs`); None: no photo.
        edge_weight: 0 to 1, how much those count.
        edges: the same at blurs already asked for.
        unknown: (s, s) bool, what the photo does not hold (:mod:`.cut`); None: it holds all.
    """

    inside: NDArray[np.uint8]
    outward: F32
    inward: F32
    colours: F32
    colour_weight: float
    box: tuple[float, float, float, float]
    scale: float
    origin: tuple[float, float]
    photo_size: tuple[int, int]
    cover: F32
    core: NDArray[np.uint8]
    pairs: F32 | None = None
    edge_weight: float = 0.0
    layers: dict[tuple[int, float], F32] = field(default_factory=dict, repr=False)
    unknown: NDArray[np.bool_] | None = None
    edges: dict[float, PhotoEdges] = field(default_factory=dict, repr=False)

    def edges_at(self, sigma: float) -> PhotoEdges | None:
        """The photo's edges blurred by so many pixels; None where there is no photo."""
        if self.pairs is None or self.edge_weight <= 0:
            return None
        key = round(sigma, 3)
        if key not in self.edges:
            self.edges[key] = photo_edges(self.pairs, self.core, key)
        return self.edges[key]

    @property
    def layer_weight(self) -> float:
        """Weight of the colours' layers beside the silhouette's, for least squares."""
        return _LAYER * self.colour_weight

    def to_photo(self, points: F32) -> F64:
        """Square pixels (n, 2) as photo pixels."""
        half = len(self.inside) / 2
        straight = (np.asarray(points, np.float64) - half) @ TURN + half
        return np.asarray(straight * self.scale + np.array(self.origin))

    @property
    def area(self) -> int:
        """How many pixels of the square the product covers."""
        return int(self.inside.sum())


def make_target(mask: F32, photo: NDArray[np.uint8] | None = None, side: int = SIDE) -> Target:
    """Cut a mask out of its photo.

    Args:
        mask: (h, w) float32, 0 to 1.
        photo: (h, w, 3) uint8 sRGB, for material cues, or None.

    Raises:
        NoProductError: the mask is all but empty.
    """
    import cv2

    mask = np.asarray(mask, np.float32)
    rows, columns = np.where(mask > 0.5)
    if len(rows) < 64:
        raise NoProductError(
            "the mask holds no product",
            field="mask",
            expected="64 pixels or more",
            got=str(len(rows)),
        )
    x0, x1 = float(columns.min()), float(columns.max() + 1)
    y0, y1 = float(rows.min()), float(rows.max() + 1)
    middle = np.array([(x0 + x1) / 2, (y0 + y1) / 2])
    turned = (np.stack([columns, rows], axis=1) + 0.5 - middle) @ TURN.T
    # The product's outline need not lie in the middle of its turned square.
    reach = float(np.abs(turned).max()) + 1.0
    scale = 2 * reach / (_FILL * side)
    origin = (middle[0] - side * scale / 2, middle[1] - side * scale / 2)
    # Pixel centres: the middle of the square lies on the middle of the product.
    back = TURN.T * scale
    shift = middle - 0.5 + back @ np.full(2, 0.5 - side / 2)
    warp = np.column_stack([back, shift])
    soften = max(scale * 0.5, 1e-3)
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    soft = cv2.GaussianBlur(mask, (0, 0), soften) if scale > 1.2 else mask
    small = cv2.warpAffine(soft, warp, (side, side), flags=how)
    inside = (small > 0.5).astype(np.uint8)
    outward = cv2.distanceTransform(1 - inside, cv2.DIST_L2, 5) / side
    inward = cv2.distanceTransform(inside, cv2.DIST_L2, 5) / side
    colours, weight = np.zeros((side, side, COLOURS), np.float32), 0.0
    core, pairs = inner(inside), None
    if photo is not None:
        soft = cv2.GaussianBlur(photo, (0, 0), soften) if scale > 1.2 else photo
        rgb = cv2.warpAffine(np.ascontiguousarray(soft[..., :3]), warp, (side, side), flags=how)
        colours, weight = material_colours(rgb, inside)
        pairs = photo_pairs(rgb, core)
    width, height = (x1 - x0) / scale, (y1 - y0) / scale
    return Target(
        inside=inside,
        outward=outward.astype(np.float32),
        inward=inward.astype(np.float32),
        colours=colours,
        colour_weight=weight,
        box=((side - width) / 2, (side - height) / 2, width, height),
        scale=scale,
        origin=(float(origin[0]), float(origin[1])),
        photo_size=(mask.shape[0], mask.shape[1]),
        cover=np.clip(small, 0, 1).astype(np.float32),
        core=core,
        pairs=pairs,
        edge_weight=0.0 if pairs is None else clarity(pairs, core),
    )


def material_colours(rgb: NDArray[np.uint8], inside: NDArray[np.uint8]) -> tuple[F32, float]:
    """A product's colours along the two directions in which they differ most.

    Args:
        rgb: (h, w, 3) uint8 sRGB.
        inside: (h, w) uint8, 1 on the product.

    Returns:
        (h, w, 2) float32 about their mean, both together of variance one, 0 off the product (the
        principal components of CIELAB, lightness counting 0.7); and 0 to 1: how much they differ.
    """
    import cv2

    lab = cv2.cvtColor(rgb.astype(np.float32) / 255, cv2.COLOR_RGB2Lab)
    lab[..., 0] *= 0.7
    here = cv2.erode(inside, np.ones((3, 3), np.uint8)) > 0
    pixels = lab[here]
    if len(pixels) < 50:
        return np.zeros((*inside.shape, COLOURS), np.float32), 0.0
    middle = pixels.mean(axis=0)
    variance, ways = np.linalg.eigh(np.cov((pixels - middle).T))
    deviation = float(np.sqrt(max(variance[-COLOURS:].sum(), 1e-6)))
    colours = (lab - middle) @ (ways[:, -COLOURS:] / deviation).astype(np.float32)
    colours = np.clip(colours, -_MOST, _MOST) * inside[..., None]
    return colours.astype(np.float32), float(np.clip((deviation - 4) / 8, 0, 1))


def target_layers(target: Target, step: int, sigma: float) -> F32:
    """What a drawn picture shall look like: the product and, if the photo shows them, its colours.

    Args:
        step: squares of so many pixels are averaged.
        sigma: Gaussian blur afterwards, in those squares.

    Returns:
        (s / step, s / step, 1 or 3) float32.
    """
    key = (step, round(sigma, 3))
    known = target.layers.get(key)
    if known is None:
        coloured = target.colour_weight > 0
        out = np.empty((*target.inside.shape, 1 + COLOURS if coloured else 1), np.float32)
        out[..., 0] = target.cover
        if coloured:
            out[..., 1:] = target.cover[..., None] * target.colours * target.layer_weight
        rows, columns, count = out.shape
        small = out.reshape(rows // step, step, columns // step, step, count).mean(axis=(1, 3))
        known = blur(np.ascontiguousarray(small, np.float32), sigma)
        target.layers[key] = known
    return known


@dataclass(frozen=True)
class Pose:
    """A camera in the terms that fitting uses.

    Attributes:
        closeness: half the product's diagonal over the camera's distance; 0.1 is a long lens.
        shift: offset of the product's box from the mask's box, shares of the side.
        zoom: natural logarithm of the extra scale of the product's box.
    """

    azimuth: float
    elevation: float
    closeness: float
    roll: float = 0.0
    shift: tuple[float, float] = (0.0, 0.0)
    zoom: float = 0.0


def place(points: F32, pose: Pose, target: Target) -> tuple[F32, F64]:
    """Points on the square picture, their box laid onto the mask's box.

    Returns:
        (n, 3) float32: x, y in pixels of the square and depth in metres; and (5,) focal length
        in pixels, the target's x and y in straight square pixels, the distance and the half
        diagonal, metres.
    """
    rotation = orbit_rotation(pose.azimuth, pose.elevation, pose.roll)
    side = len(target.inside)
    box = np.array(target.box)
    extra = np.array([pose.shift[0] * side, pose.shift[1] * side, math.exp(pose.zoom)])
    return _place(points, rotation, pose.closeness, box, extra, side)  # type: ignore[no-any-return]


@nb.njit(cache=True, nogil=True, fastmath=True)
def _place(
    points: F32, rotation: F64, closeness: float, box: F64, extra: F64, side: int
) -> tuple[F32, F64]:
    n = len(points)
    low, high = np.full(3, np.inf), np.full(3, -np.inf)
    for i in range(n):
        for c in range(3):
            low[c] = min(low[c], points[i, c])
            high[c] = max(high[c], points[i, c])
    middle = (low + high) / 2
    radius = np.sqrt(((high - low) ** 2).sum()) / 2
    distance = radius / closeness
    out = np.empty((n, 3), np.float32)
    x0, x1, y0, y1 = np.inf, -np.inf, np.inf, -np.inf
    for i in range(n):
        a, b, c = points[i, 0] - middle[0], points[i, 1] - middle[1], points[i, 2] - middle[2]
        depth = distance - (rotation[2, 0] * a + rotation[2, 1] * b + rotation[2, 2] * c)
        x = (rotation[0, 0] * a + rotation[0, 1] * b + rotation[0, 2] * c) / depth
        y = -(rotation[1, 0] * a + rotation[1, 1] * b + rotation[1, 2] * c) / depth
        out[i, 0], out[i, 1], out[i, 2] = x, y, depth
        x0, x1, y0, y1 = min(x0, x), max(x1, x), min(y0, y), max(y1, y)
    wide, tall = x1 - x0, y1 - y0
    focal = np.sqrt((box[2] ** 2 + box[3] ** 2) / (wide**2 + tall**2)) * extra[2]
    tx = box[0] + box[2] / 2 + extra[0] - focal * (x0 + x1) / 2
    ty = box[1] + box[3] / 2 + extra[1] - focal * (y0 + y1) / 2
    half = side / 2
    for i in range(n):
        x, y = out[i, 0] * focal + tx - half, out[i, 1] * focal + ty - half
        out[i, 0] = _COS * x - _SIN * y + half
        out[i, 1] = _SIN * x + _COS * y + half
    return out, np.array([focal, tx, ty, distance, radius])


def screen_motion(points: F32, motion: F32, pose: Pose, target: Target) -> F32:
    """How points move on the square picture with each parameter and with the pose.

    Args:
        points: (p, 3) metres.
        motion: (n, p, 3) metres per unit of each parameter; n may be 0.

    Returns:
        (p, 2, n + 7) float32 pixels per unit; the last seven are azimuth, elevation, closeness,
        roll, both shifts and zoom.
    """
    side, n = len(target.inside), len(motion)
    box = np.array(target.box)
    out = np.empty((len(points), 2, n + 7), np.float32)
    rotation = orbit_rotation(pose.azimuth, pose.elevation, pose.roll)
    extra = np.array([pose.shift[0] * side, pose.shift[1] * side, math.exp(pose.zoom)])
    if n:
        _shape_motion(points, motion, rotation, pose.closeness, box, extra, side, out)
    screen = place(points, pose, target)[0]
    step = 0.01
    for i, (turn, near) in enumerate(
        (((step, 0, 0), 0.0), ((0, step, 0), 0.0), ((0, 0, 0), step), ((0, 0, step), 0.0))
    ):
        moved = (pose.azimuth + turn[0], pose.elevation + turn[1], pose.roll + turn[2])
        there, _ = _place(points, orbit_rotation(*moved), pose.closeness + near, box, extra, side)
        out[..., n + i] = (there[:, :2] - screen[:, :2]) / np.float32(step)
    out[..., n + 4 : n + 6] = TURN.astype(np.float32) * side
    # The zoom grows from the middle of the points' box.
    straight = box[:2] + box[2:] / 2 + extra[:2] - side / 2
    out[..., n + 6] = screen[:, :2] - (TURN @ straight + side / 2).astype(np.float32)
    return out


@nb.njit(cache=True, nogil=True, fastmath=True)
def _shape_motion(
    points: F32,
    motion: F32,
    rotation: F64,
    closeness: float,
    box: F64,
    extra: F64,
    side: int,
    out: F32,
) -> None:
    step = np.float32(0.02)
    for i in range(len(motion)):
        ahead, _ = _place(points + motion[i] * step, rotation, closeness, box, extra, side)
        behind, _ = _place(points - motion[i] * step, rotation, closeness, box, extra, side)
        for p in range(len(points)):
            for axis in range(2):
                out[p, axis, i] = (ahead[p, axis] - behind[p, axis]) / (2 * step)


def photo_camera(points: F32, pose: Pose, target: Target) -> Camera:
    """The pinhole camera of the whole photo that shows ``points`` as ``pose`` does."""
    _, (focal, x, y, distance, _) = place(points, pose, target)
    height, width = target.photo_size
    low, high = points.min(axis=0), points.max(axis=0)
    middle = (low + high) / 2
    return Camera(
        azimuth=math.remainder(pose.azimuth, math.tau),
        elevation=pose.elevation,
        roll=pose.roll,
        distance=float(distance),
        fov=2 * math.atan(height / 2 / (focal * target.scale)),
        target=(float(middle[0]), float(middle[1]), float(middle[2])),
        center=(
            float((x * target.scale + target.origin[0] - width / 2) / height),
            float((y * target.scale + target.origin[1] - height / 2) / height),
        ),
    )


def compare(face_id: I32, region: I32, target: Target) -> tuple[float, float, float, F32]:
    """Compare a drawn picture with the target.

    Args:
        face_id: (s, s) int32, the nearest face of each pixel, -1 for none.
        region: (m,) int32 which faces look alike, see :func:`.picture.face_regions`.

    Returns:
        Intersection over union; the mean distance by which the outlines miss each other, in
        shares of the side; the share of the colours' variance within regions, 0 to 1, on common
        pixels; and (regions, 2) float32 the mean colour of each region.
    """
    count = int(region.max()) + 1 if len(region) else 1
    result: tuple[float, float, float, F32] = _compare(
        face_id, region, count, target.inside, target.outward, target.inward, target.colours
    )
    return result


@nb.njit(cache=True, nogil=True, fastmath=True)
def _compare(
    face_id: I32,
    region: I32,
    regions: int,
    inside: NDArray[np.uint8],
    outward: F32,
    inward: F32,
    colours: F32,
) -> tuple[float, float, float, F32]:
    both, either, miss, area = 0, 0, 0.0, 0
    channels = colours.shape[2]
    count, total = np.zeros(regions), np.zeros((regions, channels))
    square = 0.0
    for y in range(face_id.shape[0]):
        for x in range(face_id.shape[1]):
            drawn, wanted = face_id[y, x] >= 0, inside[y, x] > 0
            if wanted:
                area += 1
            if drawn and wanted:
                both += 1
                either += 1
                r = region[face_id[y, x]]
                count[r] += 1
                for c in range(channels):
                    total[r, c] += colours[y, x, c]
                    square += colours[y, x, c] * colours[y, x, c]
            elif drawn:
                either += 1
                miss += outward[y, x]
            elif wanted:
                either += 1
                miss += inward[y, x]
    mean = np.zeros((regions, channels), np.float32)
    explained = 0.0
    for r in range(regions):
        for c in range(channels):
            # A few pixels tell little: their mean is drawn to that of all.
            mean[r, c] = total[r, c] / (count[r] + 4.0)
            explained += total[r, c] * total[r, c] / (count[r] + 4.0)
    left = min(max(1 - explained / max(square, 1e-6), 0.0), 1.0)
    return both / max(either, 1), miss / max(area, 1), left, mean
