"""A server's settings from a TOML file and the command line, which comes first."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from .limits import LIMITS
from .settings import ChannelError, ServerSettings
from .tokens import TokenKey

PORT = 8765
_FILES = ("certificate", "key", "token", "token_key")
_TYPES: dict[str, tuple[tuple[type, ...], str]] = {
    "host": ((str,), "text"),
    "port": ((int,), "a whole number"),
    "insecure": ((bool,), "true or false"),
    "limit_local": ((bool,), "true or false"),
    "origins": ((list,), "a list of texts"),
    **{name: ((str,), "a file's path") for name in _FILES},
    **{
        limit.name: ((int,), "a whole number") if limit.whole else ((int, float), "a number")
        for limit in LIMITS
    },
}


def read_config(path: Path) -> dict[str, Any]:
    """What a settings file says; paths in it count from its own folder.

    Raises:
        ChannelError: it cannot be read, or names a setting that there is not, or one of another
            type; says which line or name, and what would do.
    """
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ChannelError(
            f"the settings file cannot be read: {error.strerror or error}",
            field="config",
            expected="a TOML file",
            got=str(path),
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ChannelError(f"{path.name} is no TOML: {error}", field="config") from error
    for name, value in told.items():
        if name not in _TYPES:
            near = difflib.get_close_matches(name, _TYPES, 1)
            raise ChannelError(
                f"{path.name}: there is no such setting",
                field=name,
                expected=near[0] if near else ", ".join(sorted(_TYPES)),
                got=name,
            )
        kinds, words = _TYPES[name]
        texts = name != "origins" or (
            isinstance(value, list) and all(isinstance(one, str) for one in value)
        )
        if type(value) not in kinds or not texts:
            raise ChannelError(
                f"{path.name}: {name} has another type",
                field=name,
                expected=words,
                got=repr(value)[:60],
            )
        if name in _FILES:
            told[name] = path.parent / value
    return told


def settings_of(given: Mapping[str, Any], config: Path | None = None) -> ServerSettings:
    """A server's settings.

    Args:
        given: by name, as :func:`read_config` has them; None where nothing was said.
        config: a settings file, for what was not said.

    Raises:
        ChannelError: as :func:`read_config` and :meth:`ServerSettings.check`.
    """
    told = read_config(config) if config is not None else {}
    told |= {name: value for name, value in given.items() if value is not None}
    known = {field.name for field in fields(ServerSettings)}
    values = {name: value for name, value in told.items() if name in known}
    values.setdefault("port", PORT)
    if token := told.get("token"):
        values["token"] = read_secret(Path(token))
    if token_key := told.get("token_key"):
        values["token_key"] = TokenKey.load(Path(token_key))
    values["origins"] = tuple(told.get("origins", ()))
    settings = ServerSettings(**values)
    settings.check()
    return settings


def read_secret(path: Path | None) -> str:
    """The token in a file, "" where none is named.

    Raises:
        ChannelError: there is no such file, or nothing in it.
    """
    if path is None:
        return ""
    try:
        secret = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise ChannelError(
            f"the token's file cannot be read: {reason}",
            field="token",
            expected="a text file that holds the token",
            got=str(path),
        ) from error
    if not secret:
        raise ChannelError(
            "the token's file is empty, and would let everybody in",
            field="token",
            expected="a token of at least one letter",
            got="none",
        )
    return secret
