"""The verb ``hear``: samples in, one line of JSON for each thing heard."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO, BinaryIO

from ..hearing.audio import MAX_CHUNK, Samples, read_wav, samples_of
from ..hearing.ear import Ear, Report
from ..hearing.errors import HearingError
from ..voice import Interpreter


def run_hear(
    source: Path | BinaryIO,
    out: IO[str],
    *,
    lang: str,
    catalog: Path | None,
    engine: str,
    weights: Path | None,
) -> int:
    """Hear a WAV file, or raw PCM from a stream, as if it were spoken now.

    Returns:
        0 if anything was understood, else 1.

    Raises:
        HearingError: audio that cannot be used, or something missing that hears.
    """
    from ..app import make_hearing, make_interpreter

    chunks = _file(source) if isinstance(source, Path) else _stream(source)
    interpreter = make_interpreter(catalog)
    ear = make_hearing(catalog, engine=engine, weights=weights).ear(lang)
    understood = False
    number = 0
    for chunk in chunks:
        for report in ear.accept(chunk):
            number += report.kind == "begin"
            understood |= _tell(report, f"u{number}", ear, interpreter, out)
    for report in ear.finish():
        understood |= _tell(report, f"u{max(1, number)}", ear, interpreter, out)
    return 0 if understood else 1


def _file(path: Path) -> Iterator[Samples]:
    samples = read_wav(path)
    for start in range(0, len(samples), MAX_CHUNK):
        yield samples[start : start + MAX_CHUNK]


def _stream(source: BinaryIO) -> Iterator[Samples]:
    while data := source.read(2 * MAX_CHUNK):
        yield samples_of(data)


def _tell(report: Report, utterance: str, ear: Ear, interpreter: Interpreter, out: IO[str]) -> bool:
    """Write a report; True if a command or question in it was understood."""
    if report.error is not None:
        _write(out, {"type": "error", "utterance_id": utterance, **_plain(report.error)})
        return False
    if report.kind == "begin":
        return False
    _write(
        out,
        {
            "type": "transcript",
            "utterance_id": utterance,
            "at": report.at,
            "text": report.text,
            "lang": ear.lang,
            "is_final": report.kind == "final",
            "stability": round(report.stability, 2),
            "confidence": round(report.confidence, 2),
        }
        | ({"reason": report.reason} if report.reason else {}),
    )
    if report.kind != "final" or not report.text:
        return False
    heard = interpreter.understand(report.text, ear.lang)
    wire = heard.heard(utterance)
    _write(
        out,
        {
            "type": "intent",
            "utterance_id": utterance,
            "text": wire.text,
            "lang": wire.lang,
            "intents": list(wire.intents),
            "resolved": list(wire.resolved),
            "clarify": wire.clarify,
        },
    )
    return heard.intent != "out_of_scope"


def _plain(error: HearingError) -> dict[str, object]:
    return {
        "code": error.code,
        "message": error.message,
        "field": error.field,
        "expected": error.expected,
        "got": error.got,
    }


def _write(out: IO[str], line: dict[str, object]) -> None:
    out.write(json.dumps(line, ensure_ascii=False) + "\n")
    out.flush()
