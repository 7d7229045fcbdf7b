// The page around the view: captions, buttons, the measures' dialog.

import type { BasketShown, Change, FitReport, ProductShown, Reply } from "../core/messages.ts";
import type { Button } from "./board.ts";
import { changeText, colorName, regionText } from "./told.ts";
import { word } from "./words.ts";
import type { Lang, Word } from "./words.ts";

const MEASURES = ["height", "chest", "waist", "hip"] as const;

function at<T extends HTMLElement>(id: string): T {
  return document.getElementById(id) as T;
}

export interface PanelWishes {
  say: (text: string) => void;
  talk: (on: boolean) => void;
  body: (height: number, tape: Record<string, number>) => void;
  color: (color: string) => void;
  lang: (lang: Lang) => void;
  enter: (mode: "immersive-vr" | "immersive-ar") => void;
}

/** Everything that is HTML; knows words and wishes, nothing of the connection. */
export class Panel {
  lang: Lang;
  private readonly wishes: PanelWishes;
  private shown: ProductShown | undefined;
  private readonly dialog = at<HTMLDialogElement>("measures");

  constructor(lang: Lang, wishes: PanelWishes) {
    this.lang = lang;
    this.wishes = wishes;
    at("say").addEventListener("submit", (event) => {
      event.preventDefault();
      const input = at<HTMLInputElement>("text");
      const text = input.value.trim();
      if (text) wishes.say(text);
      input.value = "";
    });
    const talk = at("talk");
    talk.addEventListener("pointerdown", () => wishes.talk(true));
    for (const end of ["pointerup", "pointercancel", "pointerleave"]) {
      talk.addEventListener(end, () => wishes.talk(false));
    }
    const colors = at<HTMLSelectElement>("colors");
    colors.addEventListener("change", () => colors.value && wishes.color(colors.value));
    at("body").addEventListener("click", () => this.dialog.showModal());
    at("lang").addEventListener("click", () => wishes.lang(this.lang === "en" ? "zh" : "en"));
    at("vr").addEventListener("click", () => wishes.enter("immersive-vr"));
    at("ar").addEventListener("click", () => wishes.enter("immersive-ar"));
    this.dialog.querySelector("form")!.addEventListener("submit", () => this.measure());
    this.translate();
  }

  translate(): void {
    document.documentElement.lang = this.lang === "zh" ? "zh-CN" : "en";
    const texts: [string, Word][] = [
      ["send", "send"], ["talk", "talk"], ["body", "body"], ["vr", "vr"], ["ar", "ar"],
      ["apply", "apply"], ["privacy", "privacy"], ["lang", "other"],
    ];
    for (const [id, name] of texts) at(id).textContent = word(this.lang, name);
    for (const name of MEASURES) {
      at(`l-${name}`).textContent = word(this.lang, name);
      if (name !== "height") at<HTMLInputElement>(name).placeholder = word(this.lang, "optional");
    }
    at<HTMLInputElement>("text").placeholder = word(this.lang, "say");
    document.title = word(this.lang, "title");
  }

  /** What is said of the connection or of the page itself. */
  status(name: Word): void {
    at("said").textContent = word(this.lang, name);
    at("choices").replaceChildren();
  }

  problem(text: string): void {
    at("said").textContent = text;
  }

  heard(text: string): void {
    at("heard").textContent = text && `“${text}”`;
  }

  reply(reply: Reply): void {
    at("said").textContent = reply.text;
    const buttons = (reply.choices ?? []).map((choice) =>
      button({ label: choice, press: () => this.wishes.say(choice) }),
    );
    at("choices").replaceChildren(...buttons);
  }

  fit(report: FitReport): void {
    const rows = report.regions.map((region) => regionText(this.lang, region));
    at("facts").textContent = [report.size, ...rows].filter(Boolean).join(" · ");
  }

  basket(shown: BasketShown): void {
    const pieces = shown.lines.reduce((sum, line) => sum + line.count, 0);
    const sums = Object.entries(shown.total).map(([currency, sum]) => `${sum} ${currency}`);
    at("facts").textContent = `🛒 ${pieces}${sums.length ? ` · ${sums.join(" + ")}` : ""}`;
  }

  /** What became of a product; beside its size and colour where it is the one that is shown. */
  changes(changes: readonly Change[], of: ProductShown | undefined): void {
    if (!changes.length) return;
    const text = changes.map((change) => changeText(this.lang, change, of?.category));
    at("facts").textContent = [...(of === this.shown ? this.facts() : []), ...text].join(" · ");
  }

  /** Who is chosen, and what can be done with it. */
  product(shown: ProductShown | undefined, buttons: Button[]): void {
    this.shown = shown;
    const names = shown?.name ?? {};
    at("name").textContent = names[this.lang] ?? names["en"] ?? word(this.lang, "pick");
    at("facts").textContent = this.facts().join(" · ");
    const colors = at<HTMLSelectElement>("colors");
    const offered = shown?.colors ?? [];
    colors.hidden = offered.length === 0;
    colors.replaceChildren(
      new Option(word(this.lang, "color"), ""),
      ...offered.map((color) => new Option(colorName(this.lang, color), color)),
    );
    colors.value = "";
    at("buttons").replaceChildren(...buttons.map(button));
  }

  talking(on: boolean): void {
    at("talk").classList.toggle("on", on);
    at("talk").textContent = word(this.lang, on ? "listening" : "talk");
  }

  offer(mode: "vr" | "ar", able: boolean): void {
    at(mode).hidden = !able;
  }

  private facts(): string[] {
    const { size, color } = this.shown ?? {};
    return [size ?? "", color ? colorName(this.lang, color) : ""].filter(Boolean);
  }

  private measure(): void {
    const numbers = MEASURES.map((name) => {
      const typed = at<HTMLInputElement>(name).value.replace(",", ".");
      return [name, Number.parseFloat(typed) / 100] as const;
    });
    const tape = Object.fromEntries(
      numbers.filter(([name, value]) => name !== "height" && Number.isFinite(value)),
    );
    this.wishes.body(numbers[0]![1], tape);
  }
}

function button({ label, press }: Button): HTMLButtonElement {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "light";
  made.textContent = label;
  made.addEventListener("click", press);
  return made;
}
