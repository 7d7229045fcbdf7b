"""Artists' garments re-fitted to changed bodies, against the artists' own bindings.

Usage: python benchmarks/artist_garments.py [--data FOLDER] [--limit 5]

The outside data's garments were made for the hm08 body and each comes with an ``.mhclo`` file: for
every vertex three vertices of the body (or of its helper geometry), their shares and an offset.
That is the reference. Each garment stands on the base body as its artist bound it, and is re-fitted
to another one from its mesh and the two bodies alone; the binding is never looked at.

Other bodies are the base mesh with shares of targets. The error is the distance of each vertex from
its reference, millimetres; penetration is the share of vertices inside the new body that were not
inside the old one.
"""

from __future__ import annotations

import argparse
import gzip
from pathlib import Path

import numpy as np

from showroom.fit.clearance import clearance, open_sides
from showroom.fit.transfer import Binding

DATA = Path(__file__).resolve().parents[2] / "shared/data"
DECIMETRE = 0.1
HEAVY, THIN = "female-young-averagemuscle-maxweight", "male-young-averagemuscle-minweight"
TO = {
    "heavy": {HEAVY: 1.0},
    "half as heavy": {HEAVY: 0.5},
    "thin": {THIN: 1.0},
    "thin and heavy": {THIN: 0.6, HEAVY: 0.6},
}
"""Bodies as shares of targets; the data's two average targets are empty: they are the base mesh."""


def read_obj(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Vertices (n, 3), triangles (m, 3), and those of the group ``body`` alone (k, 3)."""
    places, faces, body, group = [], [], [], ""
    for line in path.read_text(encoding="utf-8").splitlines():
        words = line.split()
        if not words:
            continue
        if words[0] == "v":
            places.append([float(x) for x in words[1:4]])
        elif words[0] == "g":
            group = words[1]
        elif words[0] == "f":
            corners = [int(w.split("/")[0]) - 1 for w in words[1:]]
            for k in range(1, len(corners) - 1):
                faces.append([corners[0], corners[k], corners[k + 1]])
                if group == "body":
                    body.append(faces[-1])
    triangles, skin = np.array(faces, np.int32), np.array(body, np.int32).reshape(-1, 3)
    return np.array(places, np.float64) * DECIMETRE, triangles, skin


def read_target(folder: Path, name: str, count: int) -> np.ndarray:
    """Offsets (count, 3) of one target, metres."""
    offsets = np.zeros((count, 3))
    with gzip.open(folder / f"universal-{name}.target.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            words = line.split()
            if words and not line.startswith("#"):
                offsets[int(words[0])] = [float(x) for x in words[1:4]]
    return offsets * DECIMETRE


class ArtistBinding:
    """The reference: an ``.mhclo`` file (MakeHuman's ``proxy.py`` says how it is read)."""

    def __init__(self, path: Path) -> None:
        rows, reading = [], False
        axes: dict[str, tuple[int, int, float]] = {}
        for line in path.read_text(encoding="utf-8").splitlines():
            words = line.split()
            if words and words[0] in ("x_scale", "y_scale", "z_scale"):
                axes[words[0]] = (int(words[1]), int(words[2]), float(words[3]) * DECIMETRE)
            if words and words[0] in ("verts", "delete_verts"):
                reading = words[0] == "verts"
                continue
            if reading:
                if not words or not words[0].isdigit():
                    continue  # a material or weights file is named between
                numbers = [float(w) for w in words]
                one = [numbers[0]] * 3 + [1, 0, 0, 0, 0, 0] if len(numbers) == 1 else numbers
                rows.append(one)
        table = np.array(rows)
        self.corners = table[:, :3].astype(int)
        self.shares, self.offsets = table[:, 3:6], table[:, 6:9]
        self.scales = [axes[name] for name in ("x_scale", "y_scale", "z_scale")]

    def on(self, body: np.ndarray) -> np.ndarray:
        """Where the garment's vertices belong on a body with its helpers, (n, 3)."""
        size = [
            abs(body[a, axis] - body[b, axis]) / length * DECIMETRE
            for axis, (a, b, length) in enumerate(self.scales)
        ]
        feet = (self.shares[..., None] * body[self.corners]).sum(axis=1)
        return np.asarray(feet + self.offsets * np.array(size))


def main() -> None:
    """Re-fit every garment to every body and print the errors."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--limit", type=float, default=5.0, help="millimetres")
    arguments = parser.parse_args()
    base, _, skin = read_obj(arguments.data / "body_hm08" / "base.obj")
    targets = arguments.data / "body_hm08" / "targets"
    rim = open_sides(skin)
    used = int(skin.max()) + 1
    print("| garment | vertices | body | mean mm | p95 | max | new penetration % | artist's |")
    print("|---|---|---|---|---|---|---|---|")
    means, worse = [], []
    for folder in sorted((arguments.data / "garments_makehuman").iterdir()):
        if not folder.is_dir():
            continue
        _, faces, _ = read_obj(folder / f"{folder.name}.obj")
        artist = ArtistBinding(folder / f"{folder.name}.mhclo")
        start = artist.on(base).astype(np.float32)
        binding = Binding(start, faces, base[:used].astype(np.float32), skin)
        inside = clearance(start, base[:used].astype(np.float32), skin, rim).height < 0
        for label, shares in TO.items():
            new = base + sum(s * read_target(targets, n, len(base)) for n, s in shares.items())
            mine = binding.fit(new[:used].astype(np.float32))
            wanted = artist.on(new)
            error = np.linalg.norm(mine - wanted, axis=1) * 1e3
            there = [
                (clearance(np.asarray(v, np.float32), new[:used].astype(np.float32), skin, rim)
                 .height < -1e-4) & ~inside
                for v in (mine, wanted)
            ]  # fmt: skip
            means.append(error.mean())
            worse.append(there[0].mean())
            print(
                f"| {folder.name} | {len(start)} | {label} | {error.mean():.2f} "
                f"| {np.percentile(error, 95):.1f} | {error.max():.1f} "
                f"| {100 * there[0].mean():.2f} | {100 * there[1].mean():.2f} |",
                flush=True,
            )
    rng = np.random.default_rng(0)
    draws = rng.choice(means, (2000, len(means))).mean(axis=1)
    low, high = np.percentile(draws, (2.5, 97.5))
    within = np.mean(np.array(means) <= arguments.limit)
    print(
        f"\nmean of {len(means)} re-fits {np.mean(means):.2f} mm (95% {low:.2f} to {high:.2f}), "
        f"worst {max(means):.2f}; {100 * within:.0f}% within {arguments.limit:g} mm; "
        f"new penetration {100 * np.mean(worse):.3f}% of vertices"
    )


if __name__ == "__main__":
    main()
