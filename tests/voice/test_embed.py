from __future__ import annotations

import numpy as np
import pytest

from showroom.voice.embed import PACKAGE, default_encoder, read_safetensors, words_of


@pytest.fixture(scope="module")
def encoder():
    found = default_encoder()
    if found is None:
        pytest.skip(f"the extra 'embed' ({PACKAGE}) is not installed")
    return found


def test_the_forward_pass_gives_the_published_vector(encoder) -> None:
    # First components that the model's own page prints for this sentence.
    found = encoder.encode(["This is an example sentence"])[0]
    assert found[:5] == pytest.approx([0.067657, 0.063496, 0.048713, 0.079305, 0.037448], abs=2e-5)
    assert np.linalg.norm(found) == pytest.approx(1.0, abs=1e-5)


def test_paraphrases_are_nearer_than_other_questions(encoder) -> None:
    wash, machine, hours = encoder.encode(
        ["can I wash it in the machine", "is it machine washable", "when do you open"]
    )
    assert wash @ machine > 0.7 > 0.3 > wash @ hours


def test_words_fold_case_and_accents_and_chinese_stands_alone() -> None:
    assert list(words_of("Café, ok?")) == ["cafe", ",", "ok", "?"]
    assert list(words_of("可以wash吗")) == ["可", "以", "wash", "吗"]


def test_what_is_no_weights_file_is_refused(tmp_path) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"\xff" * 64)
    with pytest.raises(ValueError, match="no safetensors file"):
        read_safetensors(path)
