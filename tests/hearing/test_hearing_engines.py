"""Optional engines: what is missing is named; the adapters fit the packages as they are."""

import inspect
import json

import numpy as np
import pytest
import sherpa_onnx
import vosk
from faster_whisper import WhisperModel
from speech_toys import tone

from showroom.hearing.engines import engine_languages, open_engine
from showroom.hearing.engines.languages import languages_of
from showroom.hearing.engines.sherpa import SherpaRecogniser
from showroom.hearing.engines.vosk import VoskRecogniser
from showroom.hearing.engines.whisper import WhisperRecogniser
from showroom.hearing.errors import HearingError
from showroom.hearing.optional import ENGINES


def folder_with(path, *names):
    for name in names:
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text("junk\n")
    return path


def test_an_unknown_engine_is_refused_with_those_there_are():
    with pytest.raises(HearingError, match="sherpa, whisper, vosk"):
        open_engine("siri", None)


@pytest.mark.parametrize("name", ENGINES)
def test_an_engine_without_weights_says_what_it_needs(name, tmp_path):
    with pytest.raises(HearingError) as refused:
        open_engine(name, None)
    assert refused.value.field == "weights"
    with pytest.raises(HearingError, match="lacks"):
        open_engine(name, tmp_path)


def test_what_a_folder_lacks_is_named(tmp_path):
    folder_with(tmp_path, "tokens.txt", "encoder-epoch-99.int8.onnx", "decoder.onnx")
    assert ENGINES["sherpa"].missing(tmp_path).endswith("lacks joiner*.onnx")
    folder_with(tmp_path, "joiner.onnx")
    assert ENGINES["sherpa"].missing(tmp_path) == ""


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("sherpa", ("tokens.txt", "encoder.onnx", "decoder.onnx", "joiner.onnx")),
        ("vosk", ("am/final.mdl", "conf/model.conf")),
        ("whisper", ("model.bin", "config.json", "tokenizer.json")),
    ],
)
def test_damaged_weights_are_a_typed_error(name, files, tmp_path):
    with pytest.raises(HearingError, match="cannot load") as refused:
        open_engine(name, folder_with(tmp_path, *files))
    assert refused.value.code == "not_ready"


def test_a_model_s_languages_are_those_of_its_words(tmp_path):
    words = tmp_path / "tokens.txt"
    latin = [f"word{i} {i}" for i in range(50)]
    chinese = [f"{chr(0x4E00 + i)} {i}" for i in range(50)]
    words.write_text("\n".join(["<blk> 0", *latin, *chinese]), encoding="utf-8")
    assert languages_of(words) == ("en", "zh")
    words.write_text("\n".join(chinese), encoding="utf-8")
    assert languages_of(words) == ("zh",)


@pytest.mark.parametrize(("count", "heard"), [(51864, ("en",)), (51865, ("en", "zh"))])
def test_whisper_s_languages_are_told_by_its_vocabulary(count, heard, tmp_path):
    folder_with(tmp_path, "model.bin", "config.json", "tokenizer.json")
    (tmp_path / "vocabulary.json").write_text(json.dumps([str(i) for i in range(count)]))
    assert engine_languages("whisper", tmp_path) == heard


class Sherpa:
    """An ``OnlineRecognizer`` that hears one letter for each 0.1 s."""

    class Stream:
        def __init__(self):
            self.samples, self.decoded, self.finished = 0, 0, False

        def accept_waveform(self, sample_rate, waveform):
            assert sample_rate == 16000 and waveform.dtype == np.float32
            assert np.abs(waveform).max(initial=0) <= 1.0
            self.samples += len(waveform)

        def input_finished(self):
            self.finished = True

    def create_stream(self):
        return self.Stream()

    def is_ready(self, s):
        return s.samples - s.decoded >= 1600

    def decode_stream(self, s):
        s.decoded += 1600

    def get_result(self, s):
        return " A" * (s.decoded // 1600)


def test_sherpa_streams():
    stream = SherpaRecogniser(Sherpa(), ("en",)).stream("en")
    stream.accept(tone(0.25))
    assert stream.partial().text == "a a"
    assert stream.final().text == "a a a a a a a"


def test_the_sherpa_adapter_calls_what_there_is():
    real = sherpa_onnx.OnlineRecognizer
    for name in ("create_stream", "is_ready", "decode_stream", "get_result"):
        inspect.signature(getattr(real, name))
        assert hasattr(Sherpa, name)
    options = inspect.signature(real.from_transducer).parameters
    wanted = {"tokens", "encoder", "decoder", "joiner", "num_threads", "sample_rate"}
    assert wanted | {"enable_endpoint_detection"} <= set(options)
    for name in ("accept_waveform", "input_finished"):
        assert hasattr(sherpa_onnx.OnlineStream, name)


class Vosk:
    """A ``KaldiRecognizer`` that ends a result every second."""

    def __init__(self):
        self.samples = 0

    def SetWords(self, on):
        assert on

    def AcceptWaveform(self, data):
        assert isinstance(data, bytes)
        self.samples += len(data) // 2
        return self.samples >= 16000

    def Result(self):
        self.samples = 0
        word = {"word": "undo", "conf": 0.8}
        return json.dumps({"text": "undo", "result": [word]})

    def PartialResult(self):
        return json.dumps({"partial": "un" if self.samples else ""})

    def FinalResult(self):
        return json.dumps({"text": "that" if self.samples else ""})


def test_vosk_keeps_what_it_ended_within_a_turn():
    stream = VoskRecogniser(Vosk, ("en",)).stream("en")
    stream.accept(tone(0.5))
    assert stream.partial().text == "un"
    stream.accept(tone(0.6))
    stream.accept(tone(0.5))
    assert stream.partial().text == "undo un"
    final = stream.final()
    assert (final.text, final.confidence) == ("undo that", 0.5)


def test_the_vosk_adapter_calls_what_there_is():
    for name in ("AcceptWaveform", "Result", "PartialResult", "FinalResult", "SetWords"):
        assert callable(getattr(vosk.KaldiRecognizer, name))
        assert hasattr(Vosk, name)
    assert "model_path" in inspect.signature(vosk.Model).parameters


class Segment:
    def __init__(self, text, no_speech_prob=0.1, avg_logprob=-0.2):
        self.text, self.no_speech_prob, self.avg_logprob = text, no_speech_prob, avg_logprob


class Whisper:
    def __init__(self, *segments):
        self.segments = segments
        self.asked = []

    def transcribe(self, audio, **options):
        self.asked.append((len(audio), options))
        return iter(self.segments), None


def test_whisper_drops_what_it_invents_over_silence():
    model = Whisper(Segment(" Thank you for watching.", no_speech_prob=0.8), Segment(" Undo that."))
    stream = WhisperRecogniser(model, ("en",)).stream("en")
    stream.accept(tone(1.0))
    assert stream.final().text == "undo that"


def test_whisper_hears_nothing_where_it_is_not_sure():
    stream = WhisperRecogniser(Whisper(Segment("mmm", avg_logprob=-2.0)), ("en",)).stream("en")
    stream.accept(tone(1.0))
    assert (stream.final().text, stream.final().reason) == ("", "silence")


def test_whisper_decodes_no_more_than_once_for_each_second():
    model = Whisper(Segment("undo"))
    stream = WhisperRecogniser(model, ("en",)).stream("en")
    for _ in range(20):
        stream.accept(tone(0.1))
        stream.partial()
    stream.final()
    assert [length for length, _ in model.asked] == [16000, 32000]


def test_whisper_is_asked_in_words_that_it_knows():
    model = Whisper(Segment("袖子加长"))
    stream = WhisperRecogniser(model, ("en", "zh")).stream("zh")
    stream.accept(tone(1.0))
    assert stream.final().text == "袖子加长"
    ((_, options),) = model.asked
    assert options["language"] == "zh"
    assert set(options) <= set(inspect.signature(WhisperModel.transcribe).parameters)
