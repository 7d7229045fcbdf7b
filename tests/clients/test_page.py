"""The page itself in a headless Chromium: what visitors see, say and share."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import json
import shutil
import subprocess
import sys
import tarfile
import time
import wave
from pathlib import Path

import pytest
from conftest import GOLDEN_FRAMES

from showroom.app import open_showroom
from showroom.channel.client import Client
from showroom.channel.ears import HearingOffer
from showroom.channel.pool import VisitPool
from showroom.channel.run import ServerThread
from showroom.channel.settings import ServerSettings
from showroom.protocol.messages import Allow, Company, Join

sys.path.insert(0, str(Path(__file__).parents[1] / "channel"))
from channel_toys import ToyVisit
from hearing_toys import RATE, ToyHearing, said

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
WEB = Path(__file__).parents[2] / "clients" / "web"
PATIENCE = 60_000  # milliseconds
NO_DRAWING = """
    // Pictures are none of these tests' business, and a processor takes long for the first:
    // a WebGL that takes everything and draws nothing.
    const constants = WebGL2RenderingContext.prototype;
    const answers = {
        getContextAttributes: () => ({ alpha: true, antialias: true }),
        getSupportedExtensions: () => [],
        getExtension: () => null,
        getShaderPrecisionFormat: () => ({ precision: 23, rangeMin: 127, rangeMax: 127 }),
        getParameter: (name) => {
            if (name === constants.VERSION) return "WebGL 2.0";
            if (name === constants.SHADING_LANGUAGE_VERSION) return "WebGL GLSL ES 3.00";
            if ([constants.VIEWPORT, constants.SCISSOR_BOX].includes(name)) return [0, 0, 96, 96];
            return 4096;
        },
        getShaderParameter: () => true,
        getProgramParameter: (_, name) =>
            [constants.ACTIVE_UNIFORMS, constants.ACTIVE_ATTRIBUTES].includes(name) ? 0 : true,
        getShaderInfoLog: () => "",
        getProgramInfoLog: () => "",
        getError: () => 0,
        checkFramebufferStatus: () => constants.FRAMEBUFFER_COMPLETE,
        isContextLost: () => false,
    };
    const own = HTMLCanvasElement.prototype.getContext;
    HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
        if (!kind.startsWith("webgl")) return own.call(this, kind, ...rest);
        this.nothing ??= new Proxy(Object.create(constants), {
            get: (held, name) => {
                if (name === "canvas") return this;
                if (name === "drawingBufferWidth") return this.width;
                if (name === "drawingBufferHeight") return this.height;
                const constant = WebGL2RenderingContext[name];
                if (typeof constant === "number") return constant;
                if (answers[name]) return answers[name];
                return name in held || String(name).startsWith("create") ? () => ({}) : undefined;
            },
        });
        return this.nothing;
    };
"""

pytestmark = pytest.mark.skipif(
    not CHROMIUM or importlib.util.find_spec("playwright") is None,
    reason="no Chromium or no playwright: apt-get install chromium; pip install playwright",
)


@pytest.fixture
def browser():
    """Opens a page in a Chromium of its own."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:

        def page(address: str, *scripts: str, options: tuple[str, ...] = (), **settings):
            chromium = playwright.chromium.launch(
                executable_path=CHROMIUM, args=["--no-sandbox", *options]
            )
            context = chromium.new_context(**{"viewport": {"width": 96, "height": 96}, **settings})
            context.set_default_timeout(PATIENCE)
            for script in (NO_DRAWING, *scripts):
                context.add_init_script(script)
            opened = context.new_page()
            opened.faults = []
            opened.on("pageerror", lambda error: opened.faults.append(str(error)))
            opened.goto(address, wait_until="commit")
            until(opened, "globalThis.showroom?.connection.state === 'open'")
            return opened

        yield page


@pytest.fixture(scope="session")
def emulated_headset(tmp_path_factory) -> str:
    """The script of iwer, which emulates WebXR: where it is installed, else as it is locked."""
    script = WEB / "node_modules" / "iwer" / "build" / "iwer.js"
    if script.exists():
        return script.read_text(encoding="utf-8")
    locked = json.loads((WEB / "package-lock.json").read_text(encoding="utf-8"))
    wanted = locked["packages"]["node_modules/iwer"]
    folder = tmp_path_factory.mktemp("iwer")
    fetch = [shutil.which("npm") or "npm", "pack", "--silent", f"iwer@{wanted['version']}"]
    try:
        subprocess.run(fetch, cwd=folder, check=True, capture_output=True, timeout=120)
    except (OSError, subprocess.SubprocessError) as error:
        pytest.skip(f"no emulated headset: npm ci in clients/web ({type(error).__name__})")
    (archive,) = folder.iterdir()
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    assert wanted["integrity"] == f"sha512-{digest}"
    with tarfile.open(archive) as packed:
        member = packed.extractfile("package/build/iwer.js")
        assert member is not None
        return member.read().decode("utf-8")


def until(page, what: str) -> None:
    page.wait_for_function(f"() => {what}", polling=100)


def say(page, wish: str) -> None:
    page.evaluate(
        "(wish) => { document.getElementById('text').value = wish;"
        " document.getElementById('say').requestSubmit(); }",
        wish,
    )


def text(page, name: str) -> str:
    return page.evaluate(f"document.getElementById('{name}').textContent")


@pytest.mark.slow
def test_two_visitors_see_what_the_other_wears_until_one_leaves(browser):
    worn = "showroom.products.list().filter((p) => p.worn).map((p) => p.target).sort().join()"
    shown = "showroom.products.list().filter((p) => p.worn && showroom.products.seen(p.target))"
    others = "[...showroom.companions.avatars.values()].filter((a) => a.root?.visible).length"
    with open_showroom(None, scene="store", port=0) as showroom:
        address = showroom.server.url.replace("ws:", "http:")
        mia = browser(f"{address}/?room=new&name=Mia&lang=en")
        until(mia, "!['new', null].includes(new URL(location.href).searchParams.get('room'))")
        room = mia.evaluate("new URL(location.href).searchParams.get('room')")
        noa = browser(
            f"{address}/?room={room}&name=Noa&lang=zh",
            viewport={"width": 96, "height": 160},
            has_touch=True,
            is_mobile=True,
        )
        until(noa, "showroom.products.get('Mia/chair') !== undefined")
        for visitor, wish in ((mia, "try on the t-shirt"), (noa, "试穿T恤")):
            say(visitor, wish)
        until(mia, f"{worn} === 'Noa/tshirt,tshirt' && {shown}.length === 2")
        until(noa, f"{worn} === 'Mia/tshirt,tshirt' && {shown}.length === 2")
        until(mia, f"{others} === 1 && showroom.avatar.root?.visible")
        until(noa, f"{others} === 1 && showroom.avatar.root?.visible")
        assert noa.evaluate("showroom.companions.guest")
        assert "T恤" in text(noa, "said")
        assert mia.evaluate("showroom.companions.names().join()") == "Noa"
        # A guest touches the host's chair and changes it; both see that, and the panel says it.
        touch = "showroom.walker.onTap({ intersectObject: () => [{ distance: 1 }] })"
        noa.evaluate(touch)
        wide = "showroom.products.get('%s').values.width"
        before = mia.evaluate(wide % "chair")
        say(noa, "把这个加宽五厘米")
        until(mia, f"{wide % 'chair'} > {before + 0.04}")
        until(noa, f"{wide % 'Mia/chair'} > {before + 0.04}")
        until(noa, "document.getElementById('facts').textContent.includes('厘米')")
        noa.close()
        until(mia, f"{worn} === 'tshirt' && showroom.companions.names().length === 0")
        assert mia.faults == [] and noa.faults == []


def wait_until_told(guest: Client, may: str) -> None:
    """Until a guest's client is told that it may do no more and no less than that."""
    end = time.monotonic() + PATIENCE / 1000
    told = ""
    while told != may:
        assert time.monotonic() < end, f"was told {told!r} last"
        told = next((u.may for u in reversed(guest.poll()) if isinstance(u, Company)), told)
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("lang", "guests_may", "look", "noa_s_room"),
    [
        ("en", "Guests may", "look", "Noa's room; you may move"),
        ("zh", "客人可以", "观看", "Noa的展厅，您可以移动"),
    ],
)
def test_a_host_says_with_buttons_what_guests_may_do(
    browser, toy_server, lang, guests_may, look, noa_s_room
):
    address = toy_server.url.replace("ws:", "http:")
    press = "document.querySelector('[aria-label=\"%s\"] [data-may=%s]').click()"
    pressed = "[...document.querySelectorAll('#company [aria-pressed=true]')]"
    with Client(toy_server.url) as noa, Client(toy_server.url) as tom:
        mia = browser(f"{address}/?room=new&name=Mia&lang={lang}")
        until(mia, "!document.getElementById('company').hidden")
        assert mia.evaluate("document.querySelectorAll('#company button').length") == 0
        room = mia.evaluate("new URL(location.href).searchParams.get('room')")
        noa.ask(Join(id="j", room=room, name="Noa"))
        until(mia, f"{pressed}.map((b) => b.dataset.may).join() === 'change'")
        assert guests_may in text(mia, "company")
        mia.evaluate(press % (guests_may, "look"))
        wait_until_told(noa, "look")
        until(mia, f"{pressed}.map((b) => b.textContent).join() === '{look}'")
        came = tom.ask(Join(id="j", room=room, name="Tom"))
        assert [u.may for u in came if isinstance(u, Company)] == ["look"], (
            "nor may who comes later"
        )
        until(mia, f"{pressed}.map((b) => b.dataset.may).join() === 'look,look,look'")
        mia.evaluate(press % ("Tom", "move"))
        wait_until_told(tom, "move")
        until(mia, f"{pressed}.map((b) => b.dataset.may).join() === 'look,move'")
        assert {u.may for u in noa.poll() if isinstance(u, Company)} <= {"look"}
        assert mia.faults == []
    with Client(toy_server.url) as noa:
        (shown,) = (u for u in noa.ask(Join(id="j", name="Noa")) if isinstance(u, Company))
        mia.goto(f"{address}/?room={shown.room}&name=Mia&lang={lang}", wait_until="commit")
        until(mia, "globalThis.showroom?.companions.guest")
        noa.ask(Allow(id="a", guests="move", who="Mia"))
        until(mia, f"document.getElementById('company').textContent.includes({noa_s_room!r})")
        assert mia.evaluate("document.querySelectorAll('#company button').length") == 0


def test_a_microphone_is_heard_by_the_showroom(browser, tmp_path):
    recording = tmp_path / "said.wav"
    with wave.open(str(recording), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(said(2.0, 6.0, 20.0))
    offer = HearingOffer(ToyHearing, ("en",), subprocess=False)
    host = VisitPool(ToyVisit)
    fake = (
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={recording}%noloop",
    )
    try:
        with ServerThread(ServerSettings(), host, offer) as server:
            visitor = browser(server.url.replace("ws:", "http:") + "/?lang=en", options=fake)
            talk = "document.getElementById('talk').dispatchEvent(new PointerEvent('%s'))"
            visitor.evaluate(talk % "pointerdown")
            until(visitor, "/: make it longer$/.test(document.getElementById('said').textContent)")
            assert "make it longer" in text(visitor, "heard")
            visitor.evaluate(talk % "pointerup")
            assert visitor.evaluate("document.getElementById('talk').className") == ""
            assert visitor.faults == []
    finally:
        host.stop()


def test_the_golden_frames_hold_in_an_emulated_headset(browser, toy_server, emulated_headset):
    vectors = json.loads(GOLDEN_FRAMES.read_text(encoding="utf-8"))["vectors"]
    install = """
        globalThis.device = new IWER.XRDevice(IWER.metaQuest3);
        device.installRuntime({ forceInstall: true });
    """
    address = toy_server.url.replace("ws:", "http:")
    visitor = browser(f"{address}/?lang=en", emulated_headset + "\n" + install)
    got = visitor.evaluate(
        """async (vectors) => {
            const seen = [];
            const next = (look) => new Promise((done) => showroom.headset.session
                .requestAnimationFrame((_, frame) => done(look?.(frame))));
            await showroom.headset.enter("immersive-vr");
            for (const { protocol } of vectors) {
                device.position.set(...protocol.position);
                device.quaternion.set(...protocol.rotation);
                await next(); // the next frame but one shows it for certain
                await next();
                seen.push(await next((frame) => showroom.headset.pose(frame, 1, 1)?.head));
            }
            return seen;
        }""",
        vectors,
    )
    for vector, head in zip(vectors, got, strict=True):
        assert head[:3] == pytest.approx(vector["protocol"]["position"], abs=1e-5)
        turn = vector["protocol"]["rotation"]
        assert abs(sum(a * b for a, b in zip(head[3:], turn, strict=True))) > 1 - 1e-6
    assert visitor.faults == []
