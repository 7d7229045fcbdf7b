"""The wrist menu: what stands on it, and what pressing it means. Pure; Pillow draws it elsewhere.

A :class:`Menu` is laid out anew as a :class:`Sheet` whenever what it shows has changed; the sheet
says where each button is, in pixels from the upper left corner.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from ..catalog.color import colors
from ..fit.sizing import tables
from ..protocol.messages import Command, FitReport
from ..voice.replies import word as said
from .locomotion import Comfort
from .wares import Ware
from .words import word

WIDTH, HEIGHT = 640, 820
"""Of a sheet, pixels."""

METRES = 0.24
"""How wide it is on a wrist."""

Page = Literal["home", "colors", "fit", "comfort"]
Local = Literal[
    "home", "colors", "fit", "comfort", "lang", "strain", "measures", "turning", "walking",
    "vignette",
]  # fmt: skip
"""What a button means that the visit need not know of."""

Rgb = tuple[int, int, int]
Rect = tuple[int, int, int, int]
"""x, y, width and height, pixels."""

_PAD, _GAP, _ROW = 24, 12, 64
_SCALE = 1.05
_TURN = 0.7853981633974483
_SWATCHES = 7
_VIGNETTES = (0.0, 0.4, 0.7, 1.0)


@dataclass(frozen=True)
class Button:
    """One button.

    Attributes:
        means: what pressing it does.
        on: it is what is so now; ``color``: it shows a colour instead of a label.
    """

    label: str
    rect: Rect
    means: Command | Local
    on: bool = False
    color: Rgb | None = None


@dataclass(frozen=True)
class Line:
    """A line of text at (x, y), its upper left corner; size in pixels."""

    text: str
    x: int
    y: int
    size: int = 26
    color: Rgb = (246, 241, 232)
    width: int = WIDTH - 2 * _PAD


@dataclass(frozen=True)
class Bar:
    """A measure: a bar whose length is a share of its width, or a block of colour."""

    rect: Rect
    share: float
    color: Rgb


@dataclass(frozen=True)
class Sheet:
    """Everything that is to be drawn."""

    lines: tuple[Line, ...]
    buttons: tuple[Button, ...]
    bars: tuple[Bar, ...] = ()

    def at(self, u: float, v: float) -> int:
        """The index of the button at (u, v), 0 to 1 from the upper left corner; -1 for none."""
        x, y = u * WIDTH, v * HEIGHT
        for index, button in enumerate(self.buttons):
            left, top, width, height = button.rect
            if left <= x < left + width and top <= y < top + height:
                return index
        return -1


@dataclass(frozen=True)
class Shown:
    """What a menu is about at the moment.

    Attributes:
        ware: the product chosen, else what is worn; None for nothing.
        said: the latest answer.
        report: of ``ware``, once it was asked for.
        strain, measures: whether those overlays are on.
        sizes: the product's own measures, as lines.
    """

    ware: Ware | None = None
    said: str = ""
    report: FitReport | None = None
    strain: bool = False
    measures: bool = False
    comfort: Comfort = field(default_factory=Comfort)
    lang: str = "en"
    page: Page = "home"
    sizes: tuple[str, ...] = ()


def sheet(shown: Shown) -> Sheet:
    """Lay a menu out."""
    if shown.page == "comfort":
        return _comfort(shown)
    if shown.ware is not None and shown.page == "colors":
        return _colors(shown, shown.ware)
    if shown.ware is not None and shown.page == "fit":
        return _fit(shown, shown.ware)
    return _home(shown)


def _home(shown: Shown) -> Sheet:
    ware, lang = shown.ware, shown.lang
    lines: list[Line] = []
    buttons: list[Button] = []
    if ware is None:
        lines.append(Line(word("pick", lang), _PAD, _PAD, 28))
        top = 120
    else:
        lines.append(Line(ware.title(lang), _PAD, 18, 38))
        facts = [ware.cost, f"{word('size', lang)} {ware.size}" if ware.size else ""]
        facts.append(color_name(ware.color, lang))
        lines.append(Line(" · ".join(f for f in facts if f), _PAD, 70, 26, (255, 214, 150)))
        top = 118
        if ware.sizes:
            buttons += _chips(ware, top)
            top += _ROW + _GAP
        if ware.colors:
            buttons += _swatches(ware, lang, top)
            top += 56 + _GAP
    wishes = _wishes(shown)
    rows = (len(wishes) + 1) // 2
    width = (WIDTH - 2 * _PAD - _GAP) // 2
    for k, (label, means, on) in enumerate(wishes):
        x = _PAD + (k % 2) * (width + _GAP)
        y = top + (k // 2) * (_ROW + _GAP)
        buttons.append(Button(label, (x, y, width, _ROW), means, on))
    if ware is not None and ware.worn and shown.measures:
        for k, text in enumerate(shown.sizes[:8]):
            y = top + rows * (_ROW + _GAP) + (k // 2) * 30
            lines.append(Line(text, _PAD + (k % 2) * (width + _GAP), y, 22, width=width))
    elif shown.said:
        y = top + rows * (_ROW + _GAP) + 6
        lines.append(Line(shown.said, _PAD, y, 24, (214, 206, 194)))
    return Sheet(tuple(lines), tuple(buttons))


def _wishes(shown: Shown) -> list[tuple[str, Command | Local, bool]]:
    ware, lang = shown.ware, shown.lang
    wishes: list[tuple[str, Command | Local, bool]] = []

    def add(name: str, means: Command | Local, on: bool = False) -> None:
        wishes.append((word(name, lang), means, on))

    if ware is not None:
        target = ware.target
        if ware.kind == "garment":
            if ware.worn:
                add("take_off", Command(action="take_off", target=target))
                add("fit", "fit")
                add("strain", "strain", shown.strain)
            else:
                add("try_on", Command(action="try_on", target=target))
        else:
            low, high = ware.factors
            if low < 1.0:
                factor = max(low, 1 / _SCALE)
                add("smaller", Command(action="scale", target=target, factor=factor))
            if high > 1.0:
                factor = min(high, _SCALE)
                add("larger", Command(action="scale", target=target, factor=factor))
            add("turn", Command(action="rotate", target=target, delta=_TURN))
        add("measures", "measures", shown.measures)
        add("basket", Command(action="add_to_basket", target=target))
        add("comfort", "comfort")
    add("undo", Command(action="undo"))
    add("redo", Command(action="redo"))
    if ware is None:
        add("comfort", "comfort")
    add("other", "lang")
    return wishes


def _chips(ware: Ware, top: int) -> list[Button]:
    count = len(ware.sizes)
    width = min(110, (WIDTH - 2 * _PAD - (count - 1) * 8) // count)
    return [
        Button(
            size,
            (_PAD + k * (width + 8), top, width, _ROW),
            Command(action="set_size", target=ware.target, size=size),
            size == ware.size,
        )
        for k, size in enumerate(ware.sizes)
    ]


def _swatches(ware: Ware, lang: str, top: int) -> list[Button]:
    shown = list(ware.colors[:_SWATCHES])
    if ware.color and ware.color not in shown:
        shown = [ware.color, *shown[: _SWATCHES - 1]]
    buttons = [
        _swatch(ware, name, lang, (_PAD + k * 64, top, 56, 56)) for k, name in enumerate(shown)
    ]
    if len(ware.colors) > len(shown):
        x = _PAD + len(shown) * 64
        buttons.append(Button(word("more_colors", lang), (x, top, WIDTH - _PAD - x, 56), "colors"))
    return buttons


def _swatch(ware: Ware, name: str, lang: str, rect: Rect) -> Button:
    known = colors().get(name)
    rgb: Rgb | None = None
    if known is not None:
        r, g, b = (round(255 * v) for v in known.srgb)
        rgb = (r, g, b)
    wish = Command(action="set_color", target=ware.target, color=name)
    return Button(color_name(name, lang), rect, wish, name == ware.color, rgb)


def _colors(shown: Shown, ware: Ware) -> Sheet:
    back = Button(word("back", shown.lang), (_PAD, 18, 190, 56), "home")
    title = Line(color_name(ware.color, shown.lang), 240, 26, 30)
    columns, size = 6, (WIDTH - 2 * _PAD - 5 * 10) // 6
    buttons = [back]
    for k, name in enumerate(ware.colors[: columns * 7]):
        x, y = _PAD + (k % columns) * (size + 10), 96 + (k // columns) * (size + 6)
        buttons.append(_swatch(ware, name, shown.lang, (x, y, size, size)))
    return Sheet((title,), tuple(buttons))


def _comfort(shown: Shown) -> Sheet:
    lang, comfort = shown.lang, shown.comfort
    rows: Sequence[tuple[str, str, Local]] = (
        ("turning", word(comfort.turning, lang), "turning"),
        ("walking", word("on" if comfort.walking else "off", lang), "walking"),
        ("vignette", f"{round(100 * comfort.vignette)}%", "vignette"),
    )
    buttons = [Button(word("back", lang), (_PAD, 18, 190, 56), "home")]
    lines = [Line(word("comfort", lang), 240, 26, 30)]
    for k, (name, value, means) in enumerate(rows):
        y = 110 + k * (_ROW + 2 * _GAP)
        lines.append(Line(word(name, lang), _PAD, y + 16, 28))
        buttons.append(Button(value, (330, y, WIDTH - _PAD - 330, _ROW), means))
    return Sheet(tuple(lines), tuple(buttons))


_VERDICTS: dict[str, Rgb] = {
    "tight": (214, 84, 66),
    "snug": (226, 166, 70),
    "regular": (112, 176, 110),
    "loose": (98, 150, 206),
}


def _fit(shown: Shown, ware: Ware) -> Sheet:
    lang, report = shown.lang, shown.report
    buttons = [Button(word("back", lang), (_PAD, 18, 190, 56), "home")]
    lines = [Line(ware.title(lang), 240, 24, 30)]
    bars: list[Bar] = []
    top = 96
    if report is not None:
        if report.recommended:
            same = report.recommended == report.size
            text = word("best_size" if same else "better_size", lang, size=report.recommended,
                        worn=report.size)  # fmt: skip
            lines.append(Line(text, _PAD, top, 30, (255, 214, 150)))
            top += 48
        reason = report.reason.get(lang) or next(iter(report.reason.values()), "")
        lines.append(Line(reason, _PAD, top, 24, (214, 206, 194)))
        top += 30 * (1 + len(reason) // (22 if lang == "zh" else 44)) + 22
        for region in report.regions[:9]:
            color = _VERDICTS[region.verdict]
            lines.append(Line(region_name(region.region, lang), _PAD, top, 25, width=180))
            ease = f"{100 * region.ease:+.0f} cm"
            lines.append(Line(ease, 210, top, 25, width=110))
            lines.append(
                Line(said("verdict", region.verdict, lang), 480, top, 25, color, width=140)
            )
            share = min(1.0, max(0.04, 0.5 + region.ease / 0.4))
            bars.append(Bar((320, top + 6, 140, 20), share, color))
            top += 42
    if shown.strain:
        top = max(top + 14, HEIGHT - 110)
        lines.append(Line(word("strain_scale", lang), _PAD, top, 22))
        top += 34
        for k, rgb in enumerate(strain_colors()):
            bars.append(Bar((_PAD + k * 74, top, 74, 22), 1.0, rgb))
            lines.append(Line(f"{100 + 2.5 * k:g}%", _PAD + k * 74, top + 26, 18))
    return Sheet(tuple(lines), tuple(buttons), tuple(bars))


def pressed(comfort: Comfort, means: Local) -> Comfort:
    """The comfort settings after one of their buttons was pressed."""
    match means:
        case "turning":
            return replace(comfort, turning="smooth" if comfort.turning == "snap" else "snap")
        case "walking":
            return replace(comfort, walking=not comfort.walking)
        case "vignette":
            above = [v for v in _VIGNETTES if v > comfort.vignette + 1e-6]
            return replace(comfort, vignette=above[0] if above else _VIGNETTES[0])
    return comfort


def color_name(name: str, lang: str) -> str:
    """A colour's word; ``""`` for none."""
    known = colors().get(name)
    if known is None:
        return name.replace("_", " ")
    return known.label["zh" if lang == "zh" else "en"]


def region_name(name: str, lang: str) -> str:
    """What a region of the body is called."""
    entry = tables()["regions"].get(name, {})
    return str(entry.get("zh" if lang == "zh" else "en", name.replace("_", " ")))


def strain_colors() -> list[Rgb]:
    """The strain map's eight colours, from its own length to 120%."""
    from ..fit.tension import COLOURS

    return [(int(r), int(g), int(b)) for r, g, b in (COLOURS * 255).round().astype(int)]
