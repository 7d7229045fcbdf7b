"""Audio at the edge: one form is taken, everything else gets an error with its remedy."""

import wave

import numpy as np
import pytest
from speech_toys import tone

from showroom.hearing.audio import check_format, read_wav, samples_of
from showroom.hearing.errors import HearingError


def write(path, samples, *, rate=16000, channels=1, width=2):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())
    return path


def test_a_wav_file_comes_back_as_it_was(tmp_path):
    samples = tone(0.5)
    assert np.array_equal(read_wav(write(tmp_path / "a.wav", samples)), samples)


@pytest.mark.parametrize(
    ("form", "field", "got"),
    [
        ((44100, 2, 1), "rate", "44100"),
        ((16000, 1, 1), "width", "1"),
        ((16000, 2, 2), "channels", "2"),
    ],
)
def test_another_form_is_refused_by_name(form, field, got):
    with pytest.raises(HearingError) as refused:
        check_format(*form)
    assert (refused.value.field, refused.value.got) == (field, got)


def test_a_wrong_rate_in_a_file_is_refused(tmp_path):
    with pytest.raises(HearingError, match="16000, got 8000"):
        read_wav(write(tmp_path / "a.wav", tone(0.5), rate=8000))


def test_a_truncated_file_is_refused(tmp_path):
    path = write(tmp_path / "a.wav", tone(0.5))
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(HearingError, match="truncated"):
        read_wav(path)


@pytest.mark.parametrize("data", [b"", b"RIFF", b"not audio at all", b"RIFF\x00\x00\x00\x00WAVE"])
def test_what_is_no_wav_is_refused(tmp_path, data):
    path = tmp_path / "a.wav"
    path.write_bytes(data)
    with pytest.raises(HearingError) as refused:
        read_wav(path)
    assert refused.value.field == "file"


def test_a_missing_file_is_refused_by_name(tmp_path):
    with pytest.raises(HearingError, match=r"no-such\.wav"):
        read_wav(tmp_path / "no-such.wav")


def test_a_recording_of_an_hour_is_refused_before_it_is_read(tmp_path):
    path = write(tmp_path / "a.wav", tone(0.1))
    data = bytearray(path.read_bytes())
    data[40:44] = (3600 * 32000).to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(HearingError) as refused:
        read_wav(path)
    assert refused.value.field == "duration"


def test_half_a_sample_is_refused():
    with pytest.raises(HearingError, match="middle of a sample"):
        samples_of(b"\x00\x01\x02")
