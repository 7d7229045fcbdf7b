"""The fit report of a worn garment: regions, the recommended size and the reason in one sentence.

The sentence is put together from ``sizing.toml``'s words, in English and Chinese, and names the
region that decides: what the recommended size does there, and why its neighbour is worse.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reconstruction.product import Product

from .sizing import Ranking, Region, SizingError, en_13402, gb_1335, rank_sizes, region_fits, tables

if TYPE_CHECKING:
    from .garment import LiveGarment
    from .tension import Zone

LANGUAGES = ("en", "zh")
_BETWEEN = 0.6  # below this confidence the next size is named too
_BAD = 1.0  # a region is worth a word beyond the ends of "regular"


@dataclass(frozen=True)
class Report:
    """How a garment fits a body.

    Attributes:
        size: the label that is worn, or ``""``.
        regions: of what is worn now.
        recommended: the best size of the chart; ``""`` where there is no chart.
        next_best: the second best, or ``""``.
        confidence: 0 to 1 that the recommended size is the best.
        reason: one sentence per language.
        labels: the body's size by standard, such as ``{"EN 13402": "M", "GB/T 1335": "170/92A"}``.
        zones: strain, gap and contact of the cloth around each girth of the body, by ISO name;
            empty where only numbers were compared.
    """

    size: str
    regions: tuple[Region, ...]
    recommended: str
    next_best: str
    confidence: float
    reason: Mapping[str, str]
    labels: Mapping[str, str]
    zones: Mapping[str, Zone] = field(default_factory=dict)


def fit_report(
    product: Product,
    measures: Mapping[str, float],
    gender: str = "neutral",
    worn: LiveGarment | None = None,
) -> Report:
    """Judge a garment, in the shape that it has now, on a body.

    Args:
        measures: the body's, metres, by ISO 8559-1 name.
        gender: whose standard labels apply: ``"female"``, ``"male"`` or ``"neutral"``.
        worn: the same garment on the body, to look at its cloth too.

    Raises:
        SizingError: the family or the measures do not allow a comparison.
    """
    family, values, choices = product.family.name, product.numbers, product.choices
    regions = region_fits(family, values, choices, measures)
    labels = body_labels(family, measures, gender)
    around = _zones(worn)
    if not product.sizes:
        reason = {lang: _plain(regions, lang) for lang in LANGUAGES}
        return Report(product.size, regions, "", "", 0.0, reason, labels, around)
    ranking = rank_sizes(family, values, choices, product.sizes, measures)
    best = ranking.order[0]
    return Report(
        size=product.size,
        regions=regions,
        recommended=best,
        next_best=ranking.order[1] if len(ranking.order) > 1 else "",
        confidence=ranking.confidence,
        reason={lang: _sentence(ranking, tuple(product.sizes), lang) for lang in LANGUAGES},
        labels=labels,
        zones=around,
    )


def _zones(worn: LiveGarment | None) -> Mapping[str, Zone]:
    if worn is None or worn.rigid:
        return {}
    from .tension import tension, zones

    return zones(worn, tension(worn))


def lacking(product: Product, measures: Mapping[str, float]) -> Mapping[str, str]:
    """What a garment that is too tight lacks at its tightest girth, one sentence per language.

    Empty where nothing is tight, or where the garment cannot be judged by these measures.
    """
    family = product.family.name
    try:
        regions = region_fits(family, product.numbers, product.choices, measures)
    except SizingError:
        return {}
    rules = tables()["families"][family]
    short = {r.region: float(rules[r.region]["bands"][0]) - r.ease for r in regions}
    tight = [
        r
        for r in regions
        if r.verdict == "tight" and tables()["regions"][r.region]["kind"] == "girth"
    ]
    if not tight:
        return {}
    worst = max(tight, key=lambda r: short[r.region])
    form = "lack_size" if product.size else "lack"
    amount = f"{max(short[worst.region] * 100, 0.5):.1f}".removesuffix(".0")
    return {
        lang: tables()["words"][lang][form].format(
            size=product.size, lack=amount, region=_name(worst, lang)
        )
        for lang in LANGUAGES
    }


def body_labels(family: str, measures: Mapping[str, float], gender: str) -> dict[str, str]:
    """The body's size by each standard whose measures are known."""
    found = {}
    if "bust" in measures:
        letter = en_13402(measures, gender)
        if letter:
            found["EN 13402"] = letter
    if all(name in measures for name in ("height", "bust", "waist")):
        found["GB/T 1335"] = gb_1335(
            measures, gender, lower=family in ("skirt", "trousers", "shorts")
        )
    return found


def _plain(regions: tuple[Region, ...], lang: str) -> str:
    """The sentence of a garment that is made in one size only."""
    words = tables()["words"][lang]
    main = max(regions, key=lambda r: r.weight)
    parts = [_opening(words["short" if _is_small(main) else "only"], main, lang)]
    worst = max(regions, key=lambda r: r.badness)
    if worst is not main and worst.badness > _BAD and worst.verdict != "regular":
        parts.append(words["flaw"].format(verdict=_verdict(worst, lang), region=_name(worst, lang)))
    return str(words["join"].join(parts) + words["stop"])


def _sentence(ranking: Ranking, chart: tuple[str, ...], lang: str) -> str:
    """Why the first of the ranking is recommended."""
    words = tables()["words"][lang]
    best = ranking.order[0]
    regions = ranking.regions[best]
    main = max(regions, key=lambda r: r.weight)
    parts = [_opening(words["closest" if _is_small(main) else "best"], main, lang, best)]
    worst = max(regions, key=lambda r: r.badness)
    if worst.badness > _BAD and worst.verdict != "regular":
        if worst is not main:
            region, verdict = _name(worst, lang), _verdict(worst, lang)
            parts.append(words["flaw"].format(verdict=verdict, region=region))
    elif len(ranking.order) > 1:
        other = ranking.order[1]
        away = max(ranking.regions[other], key=lambda r: r.weight * min(r.badness, 10.0) ** 2)
        if ranking.confidence < _BETWEEN and abs(chart.index(best) - chart.index(other)) == 1:
            first, second = sorted((best, other), key=chart.index)
            parts.append(words["between"].format(size=first, other=second))
        elif away.verdict != "regular":
            region, verdict = _name(away, lang), _verdict(away, lang)
            parts.append(words["other"].format(size=other, verdict=verdict, region=region))
    return str(words["join"].join(parts) + words["stop"])


def _opening(words: str, main: Region, lang: str, size: str = "") -> str:
    ease, lack = round(main.ease * 100), round(-main.ease * 100)
    return words.format(size=size, ease=ease, lack=lack, region=_name(main, lang))


def _is_small(region: Region) -> bool:
    return region.ease < -0.005


def _name(region: Region, lang: str) -> str:
    return str(tables()["regions"][region.region][lang])


def _verdict(region: Region, lang: str) -> str:
    words = tables()["words"][lang]
    is_length = tables()["regions"][region.region]["kind"] == "length"
    if is_length and region.region == "arm_length":
        return str(words.get(f"short_{region.verdict}", words["regular"]))
    return str(words[region.verdict])
