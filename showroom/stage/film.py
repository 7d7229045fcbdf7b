"""Films and pictures with captions: MP4 by FFmpeg, GIF by Pillow. No engine here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from .caption import font, wrap
from .settings import StageError

U8 = NDArray[np.uint8]
GIF_WIDTH = 480


class Film:
    """Writes frames to a film as they come; a context manager.

    ``.mp4`` is H.264 in yuv420p, which every browser plays; it needs imageio-ffmpeg. ``.gif``
    needs nothing but Pillow, and is reduced to 480 pixels and 12 frames a second at most. The
    file appears when the film is complete; after an error nothing is left.

    Args:
        path: ends in ``.mp4`` or ``.gif``.
        size: width and height of the frames, even numbers, pixels.
        rate: frames per second.

    Raises:
        StageError: another ending, an odd size, or no FFmpeg.
    """

    def __init__(self, path: Path, size: tuple[int, int], rate: float = 24.0) -> None:
        if path.suffix not in (".mp4", ".gif"):
            raise StageError(f"a film ends in .mp4 or .gif, got {path.name}")
        if size[0] % 2 or size[1] % 2 or min(size) < 16 or not 0.1 <= rate <= 240:
            raise StageError(
                f"a film needs an even size and 0.1 to 240 frames/s, got {size}, {rate}"
            )
        self.path, self.size, self.rate = path, size, rate
        self.frames = 0
        self._part = path.with_name(f".{path.stem}.part{path.suffix}")
        self._writer: Iterator[None] | None = None
        self._images: list[U8] = []
        self._every = max(1, round(rate / 12.0))
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".mp4":
            self._writer = _ffmpeg(self._part, size, rate)

    def __enter__(self) -> Film:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.abort()

    def add(self, frame: U8) -> None:
        """Append one frame, (h, w, 3) uint8 of the film's size."""
        if frame.shape != (self.size[1], self.size[0], 3) or frame.dtype != np.uint8:
            raise StageError(
                f"expected frames of {self.size[0]}x{self.size[1]} uint8, got {frame.shape}"
            )
        if self._writer is not None:
            self._writer.send(np.ascontiguousarray(frame))  # type: ignore[attr-defined]
        elif self.frames % self._every == 0:
            self._images.append(_reduced(frame))
        self.frames += 1

    def close(self) -> None:
        """Finish the film.

        Raises:
            StageError: it has no frames.
        """
        if not self.frames:
            self.abort()
            raise StageError(f"the film {self.path.name} has no frames")
        if self._writer is not None:
            self._writer.close()  # type: ignore[attr-defined]
        else:
            _write_gif(self._part, self._images, self.rate / self._every)
        self._part.replace(self.path)

    def abort(self) -> None:
        """Give the film up; leave no file."""
        if self._writer is not None:
            self._writer.close()  # type: ignore[attr-defined]
        self._part.unlink(missing_ok=True)


def _ffmpeg(path: Path, size: tuple[int, int], rate: float) -> Iterator[None]:
    try:
        import imageio_ffmpeg
    except ImportError as error:
        raise StageError(
            "films in MP4 need imageio-ffmpeg; install the 'stage' extra, or write a .gif"
        ) from error
    writer: Iterator[None] = imageio_ffmpeg.write_frames(
        str(path),
        size,
        fps=rate,
        codec="libx264",
        pix_fmt_in="rgb24",
        pix_fmt_out="yuv420p",
        macro_block_size=2,
        quality=None,
        output_params=["-crf", "20", "-preset", "fast", "-movflags", "+faststart"],
        ffmpeg_log_level="error",
    )
    writer.send(None)  # type: ignore[attr-defined]
    return writer


def _reduced(frame: U8) -> U8:
    from PIL import Image

    height, width = frame.shape[:2]
    if width <= GIF_WIDTH:
        return frame.copy()
    size = (GIF_WIDTH, round(height * GIF_WIDTH / width))
    return np.asarray(Image.fromarray(frame).resize(size, Image.Resampling.LANCZOS))


def _write_gif(path: Path, frames: list[U8], rate: float) -> None:
    from PIL import Image

    images = [Image.fromarray(f).quantize(128, dither=Image.Dither.NONE) for f in frames]
    images[0].save(
        path,
        save_all=True,
        append_images=images[1:],
        duration=round(1000 / rate),
        loop=0,
        optimize=False,
    )


def before_after(before: U8, after: U8, title: str, lines: tuple[str, ...] = ()) -> U8:
    """Two pictures side by side under a caption, as one (h, w, 3) uint8 picture.

    Args:
        before, after: (h, w, 3) uint8 of the same size.
        title: the sentence, in any language that the caption font has.
        lines: smaller text below it, such as ``"sleeve length +3.0 cm"``.
    """
    from PIL import Image, ImageDraw

    if before.shape != after.shape:
        raise StageError(f"before and after differ in size: {before.shape}, {after.shape}")
    height, width = before.shape[:2]
    gap, size = max(4, width // 120), max(15, width // 28)
    total = 2 * width + gap
    pad = size
    heading = wrap(title, size, total - 2 * pad)
    small = max(12, int(size * 0.72))
    rest = [part for line in lines for part in wrap(line, small, total - 2 * pad)]
    bar = int(len(heading) * size * 1.4 + len(rest) * small * 1.45 + 1.4 * pad)
    image = Image.new("RGB", (total, height + bar), (247, 244, 238))
    draw = ImageDraw.Draw(image)
    y = 0.7 * pad
    for line in heading:
        draw.text((pad, y), line, font=font(size), fill=(32, 28, 24))
        y += size * 1.4
    for line in rest:
        draw.text((pad, y), line, font=font(small), fill=(120, 82, 48))
        y += small * 1.45
    image.paste(Image.fromarray(before), (0, bar))
    image.paste(Image.fromarray(after), (width + gap, bar))
    return np.asarray(image)
