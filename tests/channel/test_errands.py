"""Questions to people and sentences to a model: over a loopback server, friendly and hostile."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from showroom.channel.errands import DELIVERED, Errands, ErrandSettings
from showroom.channel.host import VisitHost
from showroom.channel.settings import ChannelError
from showroom.protocol.messages import (
    INTERNAL,
    Advice,
    Consult,
    Done,
    HandOver,
    Hello,
    Reply,
    Update,
    Utterance,
)

CONSULT = Consult(ref="u1", system="rules", user="sentence")
QUESTION = HandOver(question="is it vegan?", lang="en", target="tee-1", size="M", ref="u2")


class Shop(ThreadingHTTPServer):
    """Keeps what it was sent; answers as told."""

    daemon_threads = True
    status = 200
    body = b"{}"
    location = ""
    drip = 0.0

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen: list[tuple[str, dict[str, str], dict[str, object]]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def says(self, text: str) -> None:
        """Answer as a chat completion."""
        self.body = json.dumps({"choices": [{"message": {"content": text}}]}).encode()


class Handler(BaseHTTPRequestHandler):
    server: Shop

    def do_POST(self) -> None:
        data = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append((self.path, dict(self.headers), json.loads(data)))
        self.send_response(self.server.status)
        if self.server.location:
            self.send_header("Location", self.server.location)
        self.end_headers()
        try:
            for at in range(0, len(self.server.body), 16) if self.server.drip else ():
                self.wfile.write(self.server.body[at : at + 16])
                time.sleep(self.server.drip)
            if not self.server.drip:
                self.wfile.write(self.server.body)
        except OSError:
            pass  # the caller has hung up

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def shop() -> Iterator[Shop]:
    with Shop() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def errands(shop: Shop, **settings: object) -> Errands:
    return Errands(ErrandSettings(hand_over=shop.url, model=f"{shop.url}/v1", **settings))


def test_a_question_is_posted_with_nothing_but_itself(shop) -> None:
    got = errands(shop, hand_over_token="s3cret").carry_out(QUESTION)
    assert got == Advice(ref="u2", text=DELIVERED)
    path, headers, body = shop.seen[0]
    assert path == "/" and headers["Authorization"] == "Bearer s3cret"
    assert body == {
        "question": "is it vegan?", "lang": "en", "product": "tee-1", "size": "M", "color": "",
    }  # fmt: skip


def test_a_model_is_asked_as_openai_compatible_endpoints_are(shop) -> None:
    shop.says('{"none": true}')
    got = errands(shop, model_key="k", model_name="small").carry_out(CONSULT)
    assert got == Advice(ref="u1", text='{"none": true}')
    path, headers, body = shop.seen[0]
    assert path == "/v1/chat/completions" and headers["Authorization"] == "Bearer k"
    assert body["model"] == "small" and body["temperature"] == 0
    assert [m["role"] for m in body["messages"]] == ["system", "user"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[]",
        b"{}",
        b'{"choices": []}',
        b'{"choices": [{"message": {"content": 7}}]}',
        b'{"choices": {"0": 1}}',
        b"\xff\xfe\x00",
        b"[" * 60000,
        b'{"choices": [{"message": {"content": "' + b"x" * 70000 + b'"}}]}',
    ],
)
def test_an_answer_of_another_form_counts_as_none(shop, body) -> None:
    shop.body = body
    assert errands(shop).carry_out(CONSULT) == Advice(ref="u1")


def test_a_server_that_fails_or_sends_elsewhere_counts_as_none(shop) -> None:
    shop.status = 500
    assert errands(shop).carry_out(QUESTION) == Advice(ref="u2")
    shop.status, shop.location = 302, "http://127.0.0.1:9/elsewhere"
    assert errands(shop).carry_out(QUESTION) == Advice(ref="u2")
    assert len(shop.seen) == 2


def test_a_server_that_drips_is_left_after_its_time(shop) -> None:
    shop.says("x" * 2000)
    shop.drip = 0.05
    start = time.monotonic()
    assert errands(shop, model_seconds=0.3).carry_out(CONSULT) == Advice(ref="u1")
    assert time.monotonic() - start < 5.0


def test_nobody_there_counts_as_none_and_nothing_is_logged_of_it(caplog) -> None:
    settings = ErrandSettings(hand_over="http://127.0.0.1:9/", hand_over_seconds=0.5)
    with caplog.at_level(logging.DEBUG):
        assert Errands(settings).carry_out(QUESTION) == Advice(ref="u2")
    assert "vegan" not in caplog.text and "errand failed" in caplog.text


def test_what_is_not_set_up_is_not_carried_out() -> None:
    off = Errands(ErrandSettings())
    assert off.carry_out(QUESTION) == Advice(ref="u2")
    assert off.carry_out(CONSULT) == Advice(ref="u1")


def test_errands_go_over_tls_or_stay_on_this_machine() -> None:
    assert ErrandSettings.of({}) == ErrandSettings()
    found = ErrandSettings.of({"SHOWROOM_MODEL_URL": "https://x.example/v1"}, model_name="m")
    assert (found.model, found.model_name) == ("https://x.example/v1", "m")
    for url in ("http://shop.example/hook", "ftp://127.0.0.1/", "file:///etc/passwd", "hook"):
        with pytest.raises(ChannelError, match="TLS"):
            ErrandSettings.of({}, hand_over=url)


class Inquirer:
    """A visit that hands every sentence over, and says what came of it."""

    def handle(self, event) -> list[Update]:
        if isinstance(event, Utterance):
            return [HandOver(question=event.text, lang="en", ref=event.id)]
        if isinstance(event, Advice):
            return [Reply(text=event.text or "failed", lang="en"), Done(ref=event.ref)]
        return []

    def attend(self, tell) -> None:
        pass

    def snapshot(self) -> dict[str, object]:
        return {}

    def restore(self, snapshot: dict[str, object]) -> list[Update]:
        return []


@pytest.mark.parametrize(("runner", "words"), [("shop", DELIVERED), ("none", "failed")])
def test_a_host_runs_errands_and_tells_the_visit_and_no_client(shop, runner, words) -> None:
    delivered: list[Update] = []
    arrived = threading.Event()

    def deliver(updates: list[Update]) -> None:
        delivered.extend(updates)
        if any(isinstance(u, Done) for u in updates):
            arrived.set()

    host = VisitHost.in_process(Inquirer, errands(shop) if runner == "shop" else None)
    try:
        host.open("v", deliver)
        host.post("v", Hello())
        host.post("v", Utterance(id="u9", text="is it vegan?"))
        assert arrived.wait(10.0)
    finally:
        host.stop()
    assert [type(u) for u in delivered] == [Reply, Done]
    assert delivered[0].text == words
    assert not [u for u in delivered if isinstance(u, INTERNAL)]
