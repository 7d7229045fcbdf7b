// Who is in the room, and what the host lets guests do there: a card on the page.

import type { Allow, Company } from "../core/messages.ts";
import { word } from "./words.ts";
import type { Lang } from "./words.ts";

export type May = Allow["guests"];

export const LEVELS = ["look", "move", "change"] as const satisfies readonly May[];

/** What all guests may do; "" where one may what another may not, null where there is none to allow. */
export function allowed(company: Company | null): May | "" | null {
  if (!company || company.host !== company.you) return null;
  const levels = new Set(guests(company).map(({ may }) => may ?? "change"));
  if (levels.size === 0) return null;
  return levels.size === 1 ? [...levels][0]! : "";
}

function guests(company: Company): NonNullable<Company["companions"]> {
  return (company.companions ?? []).filter(({ name }) => name !== company.host);
}

export class GuestCard {
  company: Company | null = null;
  private readonly card = document.getElementById("company")!;
  private readonly allow: (may: May, who: string) => void;

  /** `allow` is called when the host presses a button; `who` is "" for all. */
  constructor(allow: (may: May, who: string) => void) {
    this.allow = allow;
  }

  show(company: Company | null, lang: Lang): void {
    this.company = company;
    this.card.hidden = !company?.room;
    if (!company?.room) return;
    const others = (company.companions ?? []).filter(({ name }) => name !== company.you);
    const names = others.map(({ name, away }) => (away ? `${name} (${word(lang, "away")})` : name));
    const said = [names.length ? `${word(lang, "together")} ${names.join(", ")}` : word(lang, "alone")];
    const level = allowed(company);
    if (company.host !== company.you) {
      const may = word(lang, company.may ?? "change");
      const text = word(lang, "guestOf").replace("{may}", may);
      said.push(text.replace("{host}", () => company.host ?? ""));
    }
    const lines = said.map((text) => {
      const line = document.createElement("div");
      line.textContent = text;
      return line;
    });
    const rows = level === null ? [] : [this.row(lang, "", word(lang, "guests"), level)];
    if (rows.length && others.length > 1) {
      rows.push(...others.map(({ name, may }) => this.row(lang, name, name, may ?? "change")));
    }
    this.card.replaceChildren(...lines, ...rows);
  }

  /** Three buttons: what one guest, or all of them, may do. */
  private row(lang: Lang, who: string, label: string, now: May | ""): HTMLElement {
    const row = document.createElement("div");
    row.className = "allow";
    row.setAttribute("role", "group");
    row.setAttribute("aria-label", label);
    const name = document.createElement("span");
    name.textContent = label;
    const buttons = LEVELS.map((may) => {
      const made = document.createElement("button");
      made.type = "button";
      made.className = "light";
      made.textContent = word(lang, may);
      made.dataset["may"] = may;
      made.setAttribute("aria-pressed", String(may === now));
      made.addEventListener("click", () => this.allow(may, who));
      return made;
    });
    row.append(name, ...buttons);
    return row;
  }
}
