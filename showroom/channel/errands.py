"""What a visit asks its shell to do outside: a question to a person, a sentence to a model.

Both are off unless an operator names where they go. They run on a thread of their own with a
timeout, so that no visit waits; what comes of them goes back to the visit as an ``Advice``. Nothing
but the errand itself is sent, and nothing of it is logged.
"""

from __future__ import annotations

import json
import logging
import os
import queue
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

from showroom.protocol.messages import Advice, Consult, HandOver

from .settings import ChannelError, is_loopback

logger = logging.getLogger("showroom.channel")

MAX_ANSWER = 64 * 1024
WAITING = 32
"""Errands that may wait; one more is answered as failed at once."""
DELIVERED = "delivered"
"""The text of the advice that a question arrived at the shop."""
Errand = Consult | HandOver
_FAILURES = (OSError, HTTPException, ValueError, LookupError, TypeError, RecursionError)
"""What a network, a server or its answer can come to."""


@dataclass(frozen=True)
class ErrandSettings:
    """Where errands go; an empty URL turns that errand off.

    Attributes:
        hand_over: webhook that takes questions for a person, as JSON by POST.
        hand_over_token: sent as ``Authorization: Bearer``.
        hand_over_seconds: timeout.
        model: base URL of an OpenAI-compatible endpoint, such as ``http://127.0.0.1:8080/v1``.
        model_key: sent as ``Authorization: Bearer``.
        model_name: of the model to ask.
        model_seconds: timeout.
        wording: let the model word product answers, too.
    """

    hand_over: str = ""
    hand_over_token: str = ""
    hand_over_seconds: float = 5.0
    model: str = ""
    model_key: str = ""
    model_name: str = "default"
    model_seconds: float = 4.0
    wording: bool = False

    @staticmethod
    def of(
        environment: Mapping[str, str] = os.environ,
        *,
        hand_over: str = "",
        model: str = "",
        model_name: str = "",
        wording: bool = False,
    ) -> ErrandSettings:
        """What was given, else what ``SHOWROOM_HAND_OVER_URL`` and its like say.

        Raises:
            ChannelError: a URL that is no ``https://`` one, nor of this machine.
        """
        settings = ErrandSettings(
            hand_over=hand_over or environment.get("SHOWROOM_HAND_OVER_URL", ""),
            hand_over_token=environment.get("SHOWROOM_HAND_OVER_TOKEN", ""),
            model=model or environment.get("SHOWROOM_MODEL_URL", ""),
            model_key=environment.get("SHOWROOM_MODEL_KEY", ""),
            model_name=model_name or environment.get("SHOWROOM_MODEL_NAME", "default"),
            wording=wording,
        )
        for field in ("hand_over", "model"):
            _check_url(getattr(settings, field), field)
        return settings


class Errands:
    """Carries errands out, one at a time."""

    def __init__(self, settings: ErrandSettings) -> None:
        self.settings = settings
        self._queue: queue.Queue[tuple[Errand, Callable[[Advice], None]]] = queue.Queue(WAITING)
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._opener = urllib.request.build_opener(_NoRedirect)

    def start(self, errand: Errand, done: Callable[[Advice], None]) -> None:
        """Carry an errand out on the errands' thread; never waits.

        Args:
            done: called there with what came of it.
        """
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="showroom-errands", daemon=True
                )
                self._thread.start()
        try:
            self._queue.put_nowait((errand, done))
        except queue.Full:
            done(Advice(ref=errand.ref))

    def carry_out(self, errand: Errand) -> Advice:
        """Carry an errand out here and now, within its timeout."""
        try:
            if isinstance(errand, HandOver):
                return Advice(ref=errand.ref, text=self._hand_over(errand))
            return Advice(ref=errand.ref, text=self._consult(errand))
        except _FAILURES as error:
            # By type only: a message could carry what the visitor said.
            logger.warning("an errand failed with %s", type(error).__name__)
            return Advice(ref=errand.ref)

    def _run(self) -> None:
        while True:
            errand, done = self._queue.get()
            try:
                done(self.carry_out(errand))
            except Exception as error:
                logger.error("an errand found no taker: %s", type(error).__name__)

    def _hand_over(self, errand: HandOver) -> str:
        if not self.settings.hand_over:
            return ""
        body = {
            "question": errand.question,
            "lang": errand.lang,
            "product": errand.target,
            "size": errand.size,
            "color": errand.color,
        }
        self._post(
            self.settings.hand_over,
            body,
            self.settings.hand_over_token,
            self.settings.hand_over_seconds,
        )
        return DELIVERED

    def _consult(self, errand: Consult) -> str:
        if not self.settings.model:
            return ""
        body = {
            "model": self.settings.model_name,
            "temperature": 0,
            "max_tokens": 400,
            "messages": [
                {"role": "system", "content": errand.system},
                {"role": "user", "content": errand.user},
            ],
        }
        url = self.settings.model.rstrip("/") + "/chat/completions"
        answer = json.loads(
            self._post(url, body, self.settings.model_key, self.settings.model_seconds)
        )
        text = answer["choices"][0]["message"]["content"]
        return text[:20_000] if isinstance(text, str) else ""

    def _post(self, url: str, body: Mapping[str, Any], token: str, seconds: float) -> bytes:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        data = json.dumps(body, ensure_ascii=False).encode()
        request = urllib.request.Request(url, data, headers, method="POST")
        deadline = time.monotonic() + seconds
        answer = bytearray()
        with self._opener.open(request, timeout=seconds) as response:
            while chunk := response.read1(8192):
                answer += chunk
                if len(answer) > MAX_ANSWER:
                    raise ValueError("the answer is too large")
                if time.monotonic() > deadline:
                    raise TimeoutError("the answer drips in too slowly")
        return bytes(answer)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """What was meant for one address goes to no other."""

    def redirect_request(self, *arguments: Any) -> None:
        return None


def _check_url(url: str, field: str) -> None:
    if not url:
        return
    parts = urlsplit(url)
    safe = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
    if not safe or not parts.hostname:
        raise ChannelError(
            "errands go over TLS, or to this machine",
            field=field,
            expected="https://…, or http:// with a loopback address",
            got=url[:80],
        )
