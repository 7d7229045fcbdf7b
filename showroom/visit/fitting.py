"""How garments fit the visitor: the report, the strain map, and what a garment lacks."""

from __future__ import annotations

from dataclasses import asdict

from showroom.fit.extremities import extremities
from showroom.fit.report import fit_report, lacking
from showroom.fit.tension import tension
from showroom.protocol.messages import Command, FitMap, FitReport, RegionFit, Update

from .actions import meant
from .announce import made_for
from .presence import Presence
from .refused import RefusedError

RE_FITS = ("try_on", "set_size", "adjust_fit")
"""Actions after which it is said what a garment lacks on the visitor's body."""


def reported(
    command: Command, here: Presence, pointed: str, lang: str, ref: str
) -> tuple[list[Update], str]:
    """The fit report that is asked for, with the strain map where that is, and its sentence.

    Raises:
        RefusedError: no such garment is to be seen, or the body is not known.
    """
    key = meant(command.target, here.state, here.shop, pointed, "garment")
    if here.wearer is None:
        raise RefusedError("no_body", "the body is not known", code="not_ready", field="body")
    made = made_for(key, here.state.things[key], here.shop, here.wearer)
    avatar = here.wearer.avatar
    measures = {**avatar.measures, **extremities(avatar.form)}
    worn = here.wearer.garment(key)
    found = fit_report(made.product, measures, avatar.gender, worn)
    report = FitReport(
        target=key,
        size=found.size,
        regions=tuple(
            RegionFit(
                region=r.region,
                body=r.body,
                garment=r.garment,
                ease=r.ease,
                verdict=r.verdict,
                **(asdict(found.zones[r.region]) if r.region in found.zones else {}),
            )
            for r in found.regions
        ),
        recommended=found.recommended,
        reason=dict(found.reason),
        next_best=found.next_best,
        confidence=found.confidence,
        labels=dict(found.labels),
        ref=ref,
    )
    if command.option != "map" or worn is None:
        return [report], found.reason[lang]
    bands = tension(worn).bands[worn.mesh.weld].tobytes()
    strains = FitMap(target=key, glb=here.wearer.worn[key].hash, bands=bands, ref=ref)
    return [report, strains], found.reason[lang]


def lack(command: Command, key: str, here: Presence, lang: str) -> str:
    """What a garment just put on or re-fitted lacks on the visitor's body, or ``""``."""
    placed = here.state.things.get(key)
    if here.wearer is None or placed is None or not placed.worn or command.action not in RE_FITS:
        return ""
    made = made_for(key, placed, here.shop, here.wearer)
    return lacking(made.product, here.wearer.avatar.measures).get(lang, "")
