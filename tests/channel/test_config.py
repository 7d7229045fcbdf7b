"""A server's settings: from the command line, from a file, and what is refused in time."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from showroom.channel.config import read_config, settings_of
from showroom.channel.limits import LIMITS
from showroom.channel.settings import ChannelError, ServerSettings
from showroom.verbs.visit import add_server


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser()
    add_server(made)
    return made


def settings(*words: str) -> ServerSettings:
    options = parser().parse_args(words)
    return settings_of(vars(options), options.config)


def test_what_is_not_said_is_as_it_always_was():
    assert settings() == ServerSettings(port=8765)


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.name)
def test_every_limit_has_a_flag_a_place_in_the_file_and_a_range(limit, tmp_path):
    flag = f"--{limit.name.replace('_', '-')}"
    value = int(limit.least) + 1
    assert getattr(settings(flag, str(value)), limit.name) == value
    file = tmp_path / "shop.toml"
    file.write_text(f"{limit.name} = {value}\n")
    assert getattr(settings("--config", str(file)), limit.name) == value
    assert getattr(settings("--config", str(file), flag, str(value + 1)), limit.name) == value + 1
    for beyond in (limit.least - 1, limit.most * 2):
        with pytest.raises(ChannelError) as caught:
            settings(flag, str(int(beyond)))
        assert caught.value.field == limit.name
        assert f"{limit.least:g} to {limit.most:g}" in str(caught.value)
    assert flag in parser().format_help()


def test_a_file_sets_the_door_with_paths_from_its_own_folder(tmp_path):
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "token").write_text("sesame\n")
    file = tmp_path / "shop.toml"
    file.write_text(
        'host = "127.0.0.1"\nport = 0\ntoken = "secrets/token"\n'
        'origins = ["https://shop.example", "https://shop.example:8443"]\nlimit_local = true\n'
    )
    made = settings("--config", str(file), "--hold", "5")
    assert (made.port, made.token, made.hold, made.limit_local) == (0, "sesame", 5.0, True)
    assert made.origins == ("https://shop.example", "https://shop.example:8443")
    assert "sesame" not in repr(made)
    assert settings("--origin", "https://a.example", "--origin", "http://b.example").origins == (
        "https://a.example",
        "http://b.example",
    )


@pytest.mark.parametrize(
    ("text", "field", "words"),
    [
        ("max_visit = 3", "max_visit", "max_visits"),
        ("max_visits = 3.5", "max_visits", "whole number"),
        ("max_visits = true", "max_visits", "whole number"),
        ('hold = "long"', "hold", "a number"),
        ('origins = "https://a"', "origins", "list"),
        ("origins = [1]", "origins", "list"),
        ('origins = ["https://a.example/page"]', "origins", "scheme://host"),
        ('origins = ["a.example"]', "origins", "scheme://host"),
        ("port = 99999", "port", "65535"),
        ("port = ", "config", "TOML"),
        ("hold = nan", "hold", "0 to 3600"),
        ('token = "nowhere"', "token", "cannot be read"),
        ('token_key = "nowhere"', "key", "cannot be read"),
        ('host = "0.0.0.0"', "certificate", "TLS and a token"),
    ],
)
def test_a_file_that_is_wrong_is_refused_by_name_with_the_remedy(tmp_path, text, field, words):
    file = tmp_path / "shop.toml"
    file.write_text(text + "\n")
    with pytest.raises(Exception) as caught:
        settings("--config", str(file))
    assert getattr(caught.value, "field", "") == field
    assert words in str(caught.value)


def test_a_file_that_is_not_there_and_a_token_that_is_empty_are_refused(tmp_path: Path):
    with pytest.raises(ChannelError, match="cannot be read"):
        read_config(tmp_path / "none.toml")
    (tmp_path / "empty").write_text("\n")
    with pytest.raises(ChannelError, match="let everybody in"):
        settings("--token", str(tmp_path / "empty"))
