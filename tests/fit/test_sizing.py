from __future__ import annotations

import math

import pytest

from reconstruction.families import get_family
from reconstruction.mesh import Mesh
from reconstruction.product import Estimate, Product, graded_sizes
from showroom.fit.furnishing import PlacementError
from showroom.fit.report import fit_report
from showroom.fit.scale import scaled
from showroom.fit.sizing import SizingError, en_13402, gb_1335, rank_sizes, region_fits, tables

# An ordinary woman and man, ISO 8559-1 names, metres.
WOMAN = {
    "height": 1.66, "shoulder": 0.37, "arm_length": 0.56, "bust": 0.90, "waist": 0.72,
    "hip": 0.97, "upper_arm": 0.275, "wrist": 0.15,
}  # fmt: skip
MAN = {
    "height": 1.78, "shoulder": 0.41, "arm_length": 0.61, "bust": 0.98, "waist": 0.84,
    "hip": 0.99, "upper_arm": 0.31, "wrist": 0.17,
}  # fmt: skip
LABELS = ("XS", "S", "M", "L", "XL")


def garment(family_name: str, *, chart: bool = True, size: str = "M", **values: float) -> Product:
    """A product in the family's ordinary shape; only its numbers matter here."""
    family = get_family(family_name)
    numbers = {p.name: p.default for p in family.parameters} | values
    return Product(
        id="garment",
        name={"en": "garment"},
        family=family,
        values={k: Estimate(v, v, v, 1.0, "declared") for k, v in numbers.items()},
        choices={c.name: c.default for c in family.choices},
        mesh=_NO_MESH,
        materials={},
        sizes=graded_sizes(family, numbers, LABELS, size) if chart else {},
        size=size if chart else "",
    )


_NO_MESH: Mesh = None  # type: ignore[assignment]


def test_ease_is_garment_minus_body() -> None:
    regions = {r.region: r for r in region_fits("t_shirt", {"chest_width": 0.5}, {}, {"bust": 0.9})}
    assert set(regions) == {"bust"}
    bust = regions["bust"]
    assert (bust.body, bust.garment) == (0.9, 1.0)
    assert bust.ease == pytest.approx(0.1) and bust.verdict == "regular" and bust.strain == 0


@pytest.mark.parametrize(
    ("half_girth", "verdict"), [(0.44, "tight"), (0.465, "snug"), (0.5, "regular"), (0.6, "loose")]
)
def test_verdicts_follow_the_bands(half_girth: float, verdict: str) -> None:
    (bust,) = region_fits("t_shirt", {"chest_width": half_girth}, {}, {"bust": 0.9})
    assert bust.verdict == verdict


def test_a_garment_smaller_than_the_body_is_strained() -> None:
    (bust,) = region_fits("t_shirt", {"chest_width": 0.4}, {}, {"bust": 0.9})
    assert bust.strain == pytest.approx(0.1 / 0.8)


def test_regions_depend_on_choices_and_lengths() -> None:
    def names(choice: str) -> set[str]:
        found = region_fits("dress", dress.numbers, {"sleeves": choice}, WOMAN)
        return {r.region for r in found}

    dress = garment("dress")
    assert "upper_arm" in names("short") and "wrist" not in names("short")
    assert "wrist" in names("long") and not {"upper_arm", "wrist"} & names("none")
    cropped = garment("t_shirt", body_length=0.45)
    found = region_fits("t_shirt", cropped.numbers, {}, WOMAN)
    assert "hip" not in {r.region for r in found}


def test_larger_bodies_get_larger_sizes() -> None:
    shirt = garment("t_shirt")
    seen = []
    for grow in (0.86, 0.93, 1.0, 1.08, 1.16):
        body = {k: v * (grow if k != "height" else 1) for k, v in MAN.items()}
        ranking = rank_sizes("t_shirt", shirt.numbers, shirt.choices, shirt.sizes, body)
        seen.append(LABELS.index(ranking.order[0]))
        assert 0 < ranking.confidence <= 1
    assert seen == sorted(seen) and seen[0] < seen[-1]


def test_the_report_recommends_and_gives_a_reason_in_both_languages() -> None:
    report = fit_report(garment("t_shirt"), MAN, "male")
    assert report.recommended in LABELS and report.next_best in LABELS
    assert report.recommended in report.reason["en"] and "chest" in report.reason["en"]
    assert report.recommended in report.reason["zh"] and "胸围" in report.reason["zh"]
    assert report.labels == {"EN 13402": "M", "GB/T 1335": "180/100A"}
    assert report.reason["en"].count(".") == 1


def test_a_garment_that_is_too_small_says_so() -> None:
    report = fit_report(garment("skirt", waist_width=0.28), WOMAN, "female")
    assert report.recommended == "XL" and "smaller than your waist" in report.reason["en"]
    assert "小" in report.reason["zh"]


def test_one_size_garments_are_judged_without_a_recommendation() -> None:
    report = fit_report(garment("t_shirt", chart=False), WOMAN)
    assert (report.recommended, report.confidence) == ("", 0.0)
    assert report.reason["en"].startswith("This size has")


def test_both_languages_have_the_same_words() -> None:
    words = tables()["words"]
    assert set(words["en"]) == set(words["zh"])
    for region in tables()["regions"].values():
        assert region["en"].isascii() and not region["zh"].isascii()


def test_every_garment_family_has_a_table_of_its_own_parameters() -> None:
    for name, regions in tables()["families"].items():
        parameters = {p.name for p in get_family(name).parameters}
        choices = {c.name: set(c.options) for c in get_family(name).choices}
        for rule in regions.values():
            assert set(rule["sum"]) <= parameters and set(rule.get("least", {})) <= parameters
            assert rule["bands"] == sorted(rule["bands"])
            for key, options in rule.get("when", {}).items():
                assert set(options) <= choices[key]


@pytest.mark.parametrize(
    ("bust", "gender", "label"),
    [(0.90, "female", "M"), (0.8999, "female", "S"), (1.0, "male", "M"), (0.5, "male", ""),
     (1.5, "male", ""), (0.95, "neutral", "M")],
)  # fmt: skip
def test_en_13402(bust: float, gender: str, label: str) -> None:
    assert en_13402({"bust": bust}, gender) == label


@pytest.mark.parametrize(
    ("body", "gender", "lower", "label"),
    [
        ((1.70, 0.88, 0.74), "male", False, "170/88A"),  # the standard's middle man
        ((1.60, 0.84, 0.68), "female", False, "160/84A"),  # and its middle woman
        ((1.70, 0.88, 0.74), "male", True, "170/74A"),
        ((1.74, 1.00, 0.80), "male", False, "175/100Y"),
        ((1.66, 0.90, 0.81), "female", False, "165/92B"),
        ((1.70, 1.04, 1.02), "male", False, "170/104C"),
    ],
)
def test_gb_1335(body: tuple[float, float, float], gender: str, lower: bool, label: str) -> None:
    measures = dict(zip(("height", "bust", "waist"), body, strict=True))
    assert gb_1335(measures, gender, lower=lower) == label


def test_bad_input_names_the_field() -> None:
    shirt = garment("t_shirt")
    cases = [
        ("family", lambda: region_fits("spacesuit", {}, {}, WOMAN)),
        ("measures.bust", lambda: region_fits("t_shirt", {}, {}, {"bust": math.nan})),
        ("measures.bust", lambda: region_fits("t_shirt", {}, {}, {"bust": -0.9})),
        ("measures", lambda: region_fits("t_shirt", shirt.numbers, {}, {})),
        ("sizes", lambda: rank_sizes("t_shirt", shirt.numbers, {}, {}, WOMAN)),
        ("measures.bust", lambda: en_13402({})),
        ("measures.waist", lambda: gb_1335({"height": 1.7, "bust": 0.9})),
    ]
    for field, call in cases:
        with pytest.raises(SizingError) as caught:
            call()
        assert caught.value.field == field and caught.value.expected


def test_furniture_scales_within_its_ranges() -> None:
    table = get_family("table")
    numbers = {p.name: p.default for p in table.parameters}
    wider = scaled(table, numbers, 1.1, "width")
    assert wider.values == {"width": pytest.approx(numbers["width"] * 1.1)} and not wider.lack
    whole = scaled(table, numbers, 0.95)
    assert {"width", "depth", "height"} <= set(whole.values)
    huge = scaled(table, numbers, 50.0, "width")
    limit = next(p.maximum for p in table.parameters if p.name == "width")
    assert huge.values["width"] == limit
    assert huge.lack["width"] == pytest.approx(numbers["width"] * 50 - limit)
    for factor, name in ((0.0, "width"), (math.nan, "width"), (2.0, "wingspan")):
        with pytest.raises(PlacementError):
            scaled(table, numbers, factor, name)
