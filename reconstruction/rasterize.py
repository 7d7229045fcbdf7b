"""A z-buffer renderer in numba: triangle ids, barycentrics and depth, then simple shading.

One thread draws well over a thousand pictures a second at 128 x 128 from 5,000 triangles, which
is what generating training data and render-and-compare fitting live on. The camera is an
OpenGL one: right-handed, Y up, looking along -Z of its own frame.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numba as nb
import numpy as np
from numpy.typing import NDArray

from .mesh import F32, I32, Mesh

F64 = NDArray[np.float64]


@dataclass(frozen=True)
class Camera:
    """A pinhole camera that orbits a target.

    Attributes:
        azimuth: radians; 0 looks at the product's front (from +Z), positive walks towards +X.
        elevation: radians above the horizon.
        roll: radians; positive turns the camera clockwise, the picture anticlockwise.
        distance: metres from the target to the pinhole.
        fov: full vertical opening angle of the picture, radians.
        target: the point looked at, metres.
        center: where the target falls in the picture, as an offset from its middle in fractions
            of its height, x to the right and y down; (0, 0) but for cropped photographs.
    """

    azimuth: float
    elevation: float
    roll: float = 0.0
    distance: float = 3.0
    fov: float = 0.6
    target: tuple[float, float, float] = (0.0, 0.0, 0.0)
    center: tuple[float, float] = (0.0, 0.0)

    @property
    def position(self) -> F64:
        """(3,) the pinhole, metres."""
        return np.asarray(np.asarray(self.target) + self.distance * self.rotation()[2])

    def rotation(self) -> F64:
        """(3, 3) world to camera: its rows are the camera's right, up and backward axes."""
        return orbit_rotation(self.azimuth, self.elevation, self.roll)

    def view(self) -> F64:
        """(4, 4) world to camera."""
        matrix = np.eye(4)
        matrix[:3, :3] = self.rotation()
        matrix[:3, 3] = -matrix[:3, :3] @ self.position
        return matrix

    def projection(self, aspect: float, near: float = 0.01, far: float = 100.0) -> F64:
        """(4, 4) OpenGL clip matrix for a picture of width / height ``aspect``."""
        f = 1.0 / math.tan(self.fov / 2)
        matrix = np.zeros((4, 4))
        matrix[0, 0], matrix[1, 1] = f / aspect, f
        matrix[0, 2], matrix[1, 2] = -2 * self.center[0] / aspect, 2 * self.center[1]
        matrix[2, 2], matrix[2, 3] = (far + near) / (near - far), 2 * far * near / (near - far)
        matrix[3, 2] = -1.0
        return matrix

    def project(self, points: F32, size: tuple[int, int]) -> F32:
        """Pixel positions and depths.

        Args:
            points: (n, 3) metres.
            size: (height, width) of the picture in pixels.

        Returns:
            (n, 3) float32: x to the right and y down in pixels (pixel centres at .5), and the
            depth along the view axis in metres, positive in front of the camera.
        """
        height, width = size
        x, y, z = self.rotation() @ (np.asarray(points, np.float64) - self.position).T
        depth = -z
        focal = height / 2 / math.tan(self.fov / 2)
        safe = np.where(np.abs(depth) < 1e-9, 1e-9, depth)
        px = width / 2 + self.center[0] * height + focal * x / safe
        py = height / 2 + self.center[1] * height - focal * y / safe
        return np.stack([px, py, depth], axis=1).astype(np.float32)


def orbit_rotation(azimuth: float, elevation: float, roll: float) -> F64:
    """(3, 3) rotation from the world into the frame of an orbiting camera."""
    ca, sa = math.cos(azimuth), math.sin(azimuth)
    ce, se = math.cos(elevation), math.sin(elevation)
    cr, sr = math.cos(roll), math.sin(roll)
    right = np.array([ca, 0.0, -sa])
    up = np.array([-se * sa, ce, -se * ca])
    back = np.array([ce * sa, se, ce * ca])
    return np.stack([cr * right - sr * up, sr * right + cr * up, back])


def frame_camera(
    vertices: F32,
    azimuth: float,
    elevation: float,
    *,
    roll: float = 0.0,
    fov: float = 0.5,
    margin: float = 1.1,
) -> Camera:
    """A camera that shows all of ``vertices`` (n, 3), looking at the middle of their box."""
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    target = (low + high) / 2
    local = (vertices - target) @ orbit_rotation(azimuth, elevation, roll).T
    slope = math.tan(fov / 2)
    reach = np.abs(local[:, :2]).max(axis=1) * margin / slope + local[:, 2]
    x, y, z = (float(t) for t in target)
    return Camera(azimuth, elevation, roll, float(reach.max()), fov, (x, y, z))


class Raster(NamedTuple):
    """What the camera sees in each pixel.

    Attributes:
        face_id: (h, w) int32, the nearest triangle, -1 for none.
        bary: (h, w, 3) float32, perspective-correct barycentrics of its three corners.
        depth: (h, w) float32, metres along the view axis, inf where there is nothing.
    """

    face_id: I32
    bary: F32
    depth: F32


def render(vertices: F32, faces: I32, camera: Camera, size: tuple[int, int]) -> Raster:
    """Draw triangles into a z-buffer; both sides of a triangle are drawn.

    Args:
        vertices: (n, 3) float32, metres.
        faces: (m, 3) int32.
        size: (height, width) in pixels.

    Triangles that reach behind the camera are left out.
    """
    screen = camera.project(vertices, size)
    return Raster(*_draw(screen, np.ascontiguousarray(faces, np.int32), *size))


def uv_raster(uv: F32, faces: I32, size: int) -> Raster:
    """Draw a mesh's unfolding: which face lies under each texel of a square atlas.

    Args:
        uv: (n, 2) float32.
        faces: (m, 3) int32.
    """
    flat = np.ones((len(uv), 3), np.float32)
    flat[:, :2] = uv * size
    return Raster(*_draw(flat, np.ascontiguousarray(faces, np.int32), size, size))


def silhouette(screen: F32, faces: I32, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Coverage alone, several times faster than :func:`render`.

    Args:
        screen: (n, 2+) float32 pixel positions.

    Returns:
        (h, w) uint8: 1 where any triangle covers the pixel's centre.
    """
    out = np.zeros(size, np.uint8)
    _fill(screen, faces, out)
    return out


def labels(screen: F32, faces: I32, face_label: I32, size: tuple[int, int]) -> NDArray[np.int32]:
    """(h, w) int32: the ``face_label`` (m,) of the nearest triangle, -1 where there is none.

    Args:
        screen: (n, 3) float32: pixel x, pixel y, depth, as :meth:`Camera.project` gives it.
    """
    return np.asarray(_draw_labels(screen, faces, face_label, size[0], size[1]))


@nb.njit(cache=True, nogil=True, fastmath=True)
def _draw(screen: F32, faces: I32, height: int, width: int) -> tuple[I32, F32, F32]:
    face_id = np.full((height, width), -1, np.int32)
    nearest = np.zeros((height, width), np.float32)
    bary = np.zeros((height, width, 3), np.float32)
    depth = np.full((height, width), np.inf, np.float32)
    for t in range(faces.shape[0]):
        a, b, c = faces[t, 0], faces[t, 1], faces[t, 2]
        if screen[a, 2] <= 1e-4 or screen[b, 2] <= 1e-4 or screen[c, 2] <= 1e-4:
            continue
        ax, ay, bx, by = screen[a, 0], screen[a, 1], screen[b, 0], screen[b, 1]
        cx, cy = screen[c, 0], screen[c, 1]
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if abs(area) < 1e-9:
            continue
        inverse = np.float32(1.0) / area
        ia, ib, ic = (
            np.float32(1.0) / screen[a, 2],
            np.float32(1.0) / screen[b, 2],
            np.float32(1.0) / screen[c, 2],
        )
        x0 = max(0, int(np.ceil(min(ax, bx, cx) - 0.5)))
        x1 = min(width - 1, int(np.floor(max(ax, bx, cx) - 0.5)))
        y0 = max(0, int(np.ceil(min(ay, by, cy) - 0.5)))
        y1 = min(height - 1, int(np.floor(max(ay, by, cy) - 0.5)))
        for yy in range(y0, y1 + 1):
            py = np.float32(yy + 0.5)
            for xx in range(x0, x1 + 1):
                px = np.float32(xx + 0.5)
                u = ((bx - px) * (cy - py) - (by - py) * (cx - px)) * inverse
                if u < 0:
                    continue
                v = ((cx - px) * (ay - py) - (cy - py) * (ax - px)) * inverse
                w = np.float32(1.0) - u - v
                if v < 0 or w < 0:
                    continue
                near = u * ia + v * ib + w * ic
                if near > nearest[yy, xx]:
                    nearest[yy, xx] = near
                    face_id[yy, xx] = t
                    depth[yy, xx] = np.float32(1.0) / near
                    bary[yy, xx, 0] = u * ia / near
                    bary[yy, xx, 1] = v * ib / near
                    bary[yy, xx, 2] = w * ic / near
    return face_id, bary, depth


@nb.njit(cache=True, nogil=True, fastmath=True)
def _draw_labels(
    screen: F32, faces: I32, face_label: I32, height: int, width: int
) -> NDArray[np.int32]:
    out = np.full((height, width), -1, np.int32)
    nearest = np.zeros((height, width), np.float32)
    for t in range(faces.shape[0]):
        a, b, c = faces[t, 0], faces[t, 1], faces[t, 2]
        ax, ay, bx, by = screen[a, 0], screen[a, 1], screen[b, 0], screen[b, 1]
        cx, cy = screen[c, 0], screen[c, 1]
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        # A closed surface needs only its front faces, which turn clockwise with y down.
        if area > -1e-9 or screen[a, 2] <= 1e-4:
            continue
        inverse = np.float32(1.0) / area
        ia, ib, ic = (
            np.float32(1.0) / screen[a, 2],
            np.float32(1.0) / screen[b, 2],
            np.float32(1.0) / screen[c, 2],
        )
        x0 = max(0, int(np.ceil(min(ax, bx, cx) - 0.5)))
        x1 = min(width - 1, int(np.floor(max(ax, bx, cx) - 0.5)))
        y0 = max(0, int(np.ceil(min(ay, by, cy) - 0.5)))
        y1 = min(height - 1, int(np.floor(max(ay, by, cy) - 0.5)))
        for yy in range(y0, y1 + 1):
            py = np.float32(yy + 0.5)
            for xx in range(x0, x1 + 1):
                px = np.float32(xx + 0.5)
                u = ((bx - px) * (cy - py) - (by - py) * (cx - px)) * inverse
                if u < 0:
                    continue
                v = ((cx - px) * (ay - py) - (cy - py) * (ax - px)) * inverse
                w = np.float32(1.0) - u - v
                if v < 0 or w < 0:
                    continue
                near = u * ia + v * ib + w * ic
                if near > nearest[yy, xx]:
                    nearest[yy, xx] = near
                    out[yy, xx] = face_label[t]
    return out


@nb.njit(cache=True, nogil=True, fastmath=True)
def _fill(screen: F32, faces: I32, out: NDArray[np.uint8]) -> None:
    height, width = out.shape
    for t in range(faces.shape[0]):
        a, b, c = faces[t, 0], faces[t, 1], faces[t, 2]
        ax, ay, bx, by = screen[a, 0], screen[a, 1], screen[b, 0], screen[b, 1]
        cx, cy = screen[c, 0], screen[c, 1]
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        # A closed surface is covered by its front faces, which turn clockwise with y down.
        if area > -1e-9:
            continue
        x0 = max(0, int(np.ceil(min(ax, bx, cx) - 0.5)))
        x1 = min(width - 1, int(np.floor(max(ax, bx, cx) - 0.5)))
        y0 = max(0, int(np.ceil(min(ay, by, cy) - 0.5)))
        y1 = min(height - 1, int(np.floor(max(ay, by, cy) - 0.5)))
        for yy in range(y0, y1 + 1):
            py = np.float32(yy + 0.5)
            for xx in range(x0, x1 + 1):
                px = np.float32(xx + 0.5)
                if (bx - px) * (cy - py) - (by - py) * (cx - px) > 0:
                    continue
                if (cx - px) * (ay - py) - (cy - py) * (ax - px) > 0:
                    continue
                if (ax - px) * (by - py) - (ay - py) * (bx - px) > 0:
                    continue
                out[yy, xx] = 1


def interpolate(raster: Raster, faces: I32, attribute: F32) -> F32:
    """A per-vertex attribute in every pixel.

    Args:
        faces: (m, 3) int32, those that were drawn.
        attribute: (n, k) float32.

    Returns:
        (h, w, k) float32, 0 where nothing is seen.
    """
    return np.asarray(
        _interpolate(
            raster.face_id,
            raster.bary,
            np.ascontiguousarray(faces, np.int32),
            np.ascontiguousarray(attribute, np.float32),
        )
    )


@nb.njit(cache=True, nogil=True, fastmath=True)
def _interpolate(face_id: I32, bary: F32, faces: I32, attribute: F32) -> F32:
    height, width = face_id.shape
    channels = attribute.shape[1]
    out = np.zeros((height, width, channels), np.float32)
    for y in range(height):
        for x in range(width):
            t = face_id[y, x]
            if t < 0:
                continue
            for c in range(3):
                weight, v = bary[y, x, c], faces[t, c]
                for k in range(channels):
                    out[y, x, k] += weight * attribute[v, k]
    return out


@dataclass(frozen=True)
class Light:
    """A sun with a hemisphere of sky and ground light; all in linear light.

    Attributes:
        direction: towards the light, need not be of unit length, world frame.
        strength: of the sun.
        sky, ground: ambient strength from above and from below.
    """

    direction: tuple[float, float, float] = (0.4, 0.9, 0.7)
    strength: float = 0.75
    sky: float = 0.55
    ground: float = 0.3


def shade(raster: Raster, faces: I32, normals: F32, albedo: F32, light: Light) -> F32:
    """Lambert shading of a raster.

    Args:
        normals: (n, 3) float32 vertex normals.
        albedo: linear RGB: (m, 3) per face, or (h, w, 3) per pixel.

    Returns:
        (h, w, 4) float32: linear RGB, and alpha 1 where the product is seen.
    """
    normal = interpolate(raster, faces, normals)
    normal /= np.maximum(np.linalg.norm(normal, axis=2, keepdims=True), 1e-9)
    seen = raster.face_id >= 0
    colour = albedo if albedo.ndim == 3 else albedo[np.maximum(raster.face_id, 0)]
    sun = np.asarray(light.direction) / np.linalg.norm(light.direction)
    lambert = np.maximum(normal @ sun.astype(np.float32), 0) * light.strength
    ambient = light.ground + (light.sky - light.ground) * (normal[..., 1] * 0.5 + 0.5)
    out = np.zeros((*seen.shape, 4), np.float32)
    out[..., :3] = colour * (lambert + ambient)[..., None] * seen[..., None]
    out[..., 3] = seen
    return out


def sample_texture(texture: NDArray[np.uint8], uv: F32) -> F32:
    """Bilinear look-up in an sRGB picture.

    Args:
        texture: (h, w, 3) uint8 sRGB.
        uv: (..., 2) float32, (0, 0) is the upper left corner.

    Returns:
        (..., 3) float32 linear RGB.
    """
    height, width = texture.shape[:2]
    x = np.clip(uv[..., 0] * width - 0.5, 0, width - 1.001)
    y = np.clip(uv[..., 1] * height - 0.5, 0, height - 1.001)
    x0, y0 = x.astype(np.int32), y.astype(np.int32)
    fx, fy = (x - x0)[..., None], (y - y0)[..., None]
    x1, y1 = np.minimum(x0 + 1, width - 1), np.minimum(y0 + 1, height - 1)
    linear = srgb_to_linear(texture[..., :3])
    top = linear[y0, x0] * (1 - fx) + linear[y0, x1] * fx
    low = linear[y1, x0] * (1 - fx) + linear[y1, x1] * fx
    return np.asarray(top * (1 - fy) + low * fy, np.float32)


def srgb_to_linear(image: NDArray[np.uint8]) -> F32:
    """SRGB bytes to linear light 0 to 1 (IEC 61966-2-1)."""
    return np.asarray(_LINEAR[image])


def linear_to_srgb(image: F32) -> NDArray[np.uint8]:
    """Linear light 0 to 1 to sRGB bytes (IEC 61966-2-1)."""
    x = np.clip(image, 0.0, 1.0)
    encoded = np.where(x <= 0.0031308, 12.92 * x, 1.055 * np.power(x, 1 / 2.4) - 0.055)
    return np.asarray(encoded * 255 + 0.5, np.uint8)


def _linear_table() -> F32:
    x = np.arange(256) / 255
    return np.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4).astype(np.float32)


_LINEAR = _linear_table()


def picture(
    mesh: Mesh,
    camera: Camera,
    size: tuple[int, int],
    colours: dict[str, tuple[float, float, float]] | None = None,
    textures: dict[str, NDArray[np.uint8]] | None = None,
    light: Light | None = None,
    oversample: int = 2,
) -> NDArray[np.uint8]:
    """An anti-aliased picture of a mesh.

    Args:
        colours: linear RGB per material slot, where there is no texture.
        textures: (h, w, 3) uint8 sRGB per material slot.

    Returns:
        (h, w, 4) uint8 sRGB with straight alpha.
    """
    height, width = size[0] * oversample, size[1] * oversample
    raster = render(mesh.vertices, mesh.faces, camera, (height, width))
    slots = tuple(dict.fromkeys(mesh.part_material))
    slot_of_part = np.array([slots.index(s) for s in mesh.part_material])
    slot = slot_of_part[mesh.face_part][np.maximum(raster.face_id, 0)]
    albedo = np.full((height, width, 3), 0.6, np.float32)
    uv = interpolate(raster, mesh.faces, mesh.uv) if textures else None
    for i, name in enumerate(slots):
        here = slot == i
        if textures and name in textures and uv is not None:
            albedo[here] = sample_texture(textures[name], uv[here])
        elif colours and name in colours:
            albedo[here] = colours[name]
    shaded = shade(raster, mesh.faces, mesh.normals(), albedo, light or Light())
    small = shaded.reshape(size[0], oversample, size[1], oversample, 4).mean(axis=(1, 3))
    alpha = small[..., 3:]
    out = np.empty((*size, 4), np.uint8)
    out[..., :3] = linear_to_srgb(small[..., :3] / np.maximum(alpha, 1e-6))
    out[..., 3] = np.round(alpha[..., 0] * 255)
    return out
