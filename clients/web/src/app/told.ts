// What the protocol says in ids and SI units, in the visitor's words.

import type { Change, RegionFit } from "../core/messages.ts";
import { NAMES } from "./names.ts";
import { word } from "./words.ts";
import type { Lang } from "./words.ts";

const PLACES = ["x", "y", "z", "yaw"] as const;

/** A colour in the visitor's language. */
export function colorName(lang: Lang, color: string): string {
  return named(lang, "color", color);
}

/** "chest +4.0 cm": how much looser than the body a garment is there. */
export function regionText(lang: Lang, { region, ease }: Pick<RegionFit, "region" | "ease">): string {
  const sign = ease >= 0 ? "+" : "";
  return `${named(lang, "region", region)} ${sign}${(ease * 100).toFixed(1)} ${unit(lang, "cm")}`;
}

/** "sleeve length 20.0 → 23.0 cm": a number of a product of that category that was changed. */
export function changeText(lang: Lang, change: Change, category = ""): string {
  const place = PLACES.find((name) => name === change.name);
  const own = `${category}/${change.name}`;
  const id = NAMES["parameter"]![own] ? own : change.name;
  const name = place ? word(lang, place) : named(lang, "parameter", id);
  const [scale, digits, label] = shownIn(lang, change.unit);
  const [old, now] = [change.old, change.new].map((value) => (value * scale).toFixed(digits));
  return `${name} ${old} → ${now} ${label}`.trimEnd();
}

function shownIn(lang: Lang, of: string): [scale: number, digits: number, label: string] {
  switch (of) {
    case "m":
      return [100, 1, unit(lang, "cm")];
    case "rad":
      return [180 / Math.PI, 0, unit(lang, "deg")];
    case "ratio":
      return [100, 0, "%"];
    default:
      return [1, 2, of];
  }
}

function unit(lang: Lang, name: string): string {
  return named(lang, "unit", name);
}

/** What an id is called; what has no name, as a product's own colour may, is shown as it is. */
function named(lang: Lang, kind: string, id: string): string {
  return NAMES[kind]![id]?.[lang === "zh" ? 1 : 0] ?? id.replaceAll("_", " ");
}
