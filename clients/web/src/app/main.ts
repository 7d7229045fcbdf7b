// The page: one visitor, one connection, one scene.

import { Raycaster } from "three";
import { Connection, ConnectionError } from "../core/connection.ts";
import type { Arrival, State } from "../core/connection.ts";
import { Clocks } from "../core/history.ts";
import type { Body, Command } from "../core/messages.ts";
import { Assets } from "./assets.ts";
import { Avatar } from "./avatar.ts";
import { Board } from "./board.ts";
import type { Button } from "./board.ts";
import { Companions, isOthers } from "./companions.ts";
import { allowed, GuestCard, LEVELS } from "./guests.ts";
import type { May } from "./guests.ts";
import { Headset, supports } from "./headset.ts";
import { hasMicrophone, Microphone } from "./microphone.ts";
import { Panel } from "./panel.ts";
import { Products } from "./products.ts";
import { Stage } from "./stage.ts";
import { Voice } from "./voice.ts";
import { Walker } from "./walker.ts";
import { preferred, word } from "./words.ts";
import type { Lang, Word } from "./words.ts";

const PAGE_RATE = 1 / 45; // seconds between poses without a headset
const AGAIN = 3000; // milliseconds

const query = new URLSearchParams(location.search);
const token = query.get("token") ?? "";
const origin = query.get("server") ?? location.origin;

const canvas = document.getElementById("view") as HTMLCanvasElement;
const stage = new Stage(canvas);
const walker = new Walker(stage, canvas);
const board = new Board(4);
const assets = new Assets(origin, token);
const clocks = new Clocks();
const products = new Products(stage.scene, assets, clocks, (frame) => connection.shown(frame));
const avatar = new Avatar((root, old) => {
  old?.removeFromParent();
  stage.scene.add(root);
}, clocks.of(""));

const guestCard = new GuestCard(allow);
const companions = new Companions(stage.scene, assets, clocks);
const room = query.get("room"); // "new" opens one

stage.aroundMirror = (draw) => avatar.withHead(draw);

let chosen = "";
let body: Body | null = null;
let embodied = false; // whether there is somebody to be moved
let number = 0;
const fresh = (): string => `web-${Date.now().toString(36)}-${++number}`;

function say(text: string): void {
  panel.heard(text);
  connection.send({ type: "utterance", id: fresh(), text, lang: panel.lang });
}

function command(wish: Partial<Command> & Pick<Command, "action">): void {
  connection.send({ type: "command", id: fresh(), ...wish });
}

function choose(target: string): void {
  chosen = target;
  connection.send({ type: "point", id: fresh(), target });
  offer();
}

/** The buttons for what is chosen, on the page and on the wrist. */
function offer(): void {
  const worn = products.worn;
  const shown = products.get(chosen) ?? worn;
  const target = shown?.target ?? "";
  const label = (name: Word) => word(panel.lang, name);
  const buttons: Button[] = [];
  if (shown?.kind === "garment" && !shown.worn) {
    buttons.push({ label: label("tryOn"), press: () => tryOn(target) });
  }
  if (worn) {
    buttons.push(
      { label: label("smaller"), press: () => command({ action: "set_size", size_step: -1 }) },
      { label: label("larger"), press: () => command({ action: "set_size", size_step: 1 }) },
      { label: label("fit"), press: () => command({ action: "report", target: worn.target }) },
      { label: label("takeOff"), press: () => command({ action: "take_off" }) },
    );
  }
  if (shown) {
    buttons.push({ label: label("basket"), press: () => command({ action: "add_to_basket", target }) });
  }
  buttons.push({ label: label("undo"), press: () => command({ action: "undo" }) });
  panel.product(shown, buttons);
  const level = allowed(guestCard.company); // on the page they have a card of their own
  if (level !== null) {
    const next = LEVELS[(LEVELS.indexOf(level || "change") + 1) % LEVELS.length]!;
    const now = level ? label(level) : "…";
    buttons.push({ label: `${label("guests")} ${now}`, press: () => allow(next, "") });
  }
  board.set(shown?.name[panel.lang] ?? label("pick"), buttons);
}

function allow(guests: May, who: string): void {
  connection.send({ type: "allow", id: fresh(), guests, who });
}

function tryOn(target: string): void {
  if (!body) enterBody(1.7, {});
  command({ action: "try_on", target });
}

function enterBody(height: number, tape: Record<string, number>): void {
  body = { type: "body", id: fresh(), height, tape };
  walker.height = height;
  connection.send(body);
}

function onUpdate(update: Arrival): void {
  const now = performance.now() / 1000;
  const later = (work: Promise<void>) =>
    work.then(offer).catch((error: unknown) => panel.problem(String(error)));
  switch (update.type) {
    case "welcome":
      if (update.resumed) break;
      embodied = false;
      products.clear();
      guestCard.show(null, panel.lang);
      panel.status("pick");
      if (body) connection.send({ ...body, id: fresh() });
      if (room) {
        const name = query.get("name") ?? "guest";
        connection.send({ type: "join", id: fresh(), room: room === "new" ? "" : room, name });
      }
      break;
    case "company":
      companions.meet(update);
      guestCard.show(update, panel.lang);
      offer();
      break;
    case "room_shown":
      stage.show(update);
      break;
    case "product_shown":
      void later(products.show(update));
      if (isOthers(update.target)) break;
      if (update.worn && !headset.session) {
        walker.faceCamera();
        stage.setMirror(null);
      } else if (update.worn) {
        stage.setMirror(headset.standing());
      }
      break;
    case "product_changed":
      void products.change(update).catch((error: unknown) => panel.problem(String(error)));
      if (isOthers(update.target) && update.target !== chosen) break;
      offer();
      panel.changes(update.changes, products.get(update.target));
      break;
    case "product_removed":
      products.remove(update.target);
      if (!products.worn) stage.setMirror(null);
      offer();
      break;
    case "avatar_shown":
      if (update.who) {
        void later(companions.show(update));
        break;
      }
      embodied = true; // also who said "try it on" before any measures
      walker.height = update.height;
      void later(avatar.show(update, assets));
      break;
    case "avatar_pose":
      if (update.who) companions.take(update, now);
      else avatar.take(update, now);
      break;
    case "mesh_frame":
      products.take(update, now);
      break;
    case "transcript":
      if (update.text) panel.heard(update.text);
      else if (update.is_final) panel.status("notHeard");
      break;
    case "intent":
      panel.heard(update.text);
      break;
    case "reply":
      panel.reply(update);
      board.say(update.text);
      if (spoken) voice.say(update.text, update.lang);
      break;
    case "fit_report":
      panel.fit(update);
      break;
    case "basket_shown":
      panel.basket(update);
      break;
    case "error":
      if (!update.ref?.startsWith("pose/")) panel.problem(update.message);
      break;
    default:
  }
}

function onState(state: State, reason: string): void {
  if (state !== "open" && streaming) talk(false);
  if (state === "connecting") panel.status("connecting");
  if (state === "resuming") panel.status("resuming");
  if (state === "closed") panel.problem(`${word(panel.lang, "closed")}: ${reason}`);
}

let spoken = false;
let utterance = { id: "", rev: 0 };
const voice = new Voice(
  (text, isFinal) => {
    panel.heard(text);
    const { id } = utterance;
    connection.send({
      type: "utterance", id, text, lang: panel.lang, rev: utterance.rev++, is_final: isFinal,
    });
  },
  (on) => panel.talking(on),
);

const microphone = new Microphone();
let streaming = ""; // the microphone's stream, while it is open

/** Hold to talk: the showroom hears where it can, else the browser does. */
function talk(on: boolean): void {
  if (!on) {
    voice.stop();
    microphone.close();
    if (streaming) connection.send({ type: "audio-stop" });
    if (streaming) panel.talking(false);
    streaming = "";
    return;
  }
  const heard = connection.welcome?.capabilities?.includes(`hear-${panel.lang}`) ?? false;
  if (heard && hasMicrophone) void listen();
  else if (voice.able) {
    spoken = true;
    utterance = { id: fresh(), rev: 0 };
    voice.start(panel.lang);
  } else panel.status("noSpeech");
}

async function listen(): Promise<void> {
  spoken = true;
  voice.hush();
  panel.talking(true);
  let seq = 0;
  try {
    const id = fresh();
    const opened = await microphone.open((chunk) => {
      if (streaming !== id) {
        streaming = id;
        connection.send({ type: "audio-start", id, lang: panel.lang });
      }
      connection.hear(seq++, chunk);
    });
    if (!opened) panel.talking(false);
  } catch {
    panel.talking(false);
    panel.status("noMicrophone");
  }
}

const panel = new Panel(preferred(), {
  say,
  talk,
  body: enterBody,
  color: (color) => command({ action: "set_color", color, target: chosen }),
  lang: (lang: Lang) => {
    panel.lang = lang;
    panel.translate();
    guestCard.show(guestCard.company, lang);
    offer();
  },
  enter: (mode) => void headset.enter(mode).catch((error: unknown) => panel.problem(String(error))),
});

const headset = new Headset(stage, board, {
  point: (ray: Raycaster) => choose(products.pick(ray)?.target ?? ""),
  talk,
  ended: () => avatar.setHeadless(false),
});

const connection = new Connection({
  url: origin.replace(/^http/, "ws"),
  hello: { client: "web/1", lang: panel.lang, token },
  onUpdate,
  onState,
});

walker.onTap = (ray) => choose(products.pick(ray)?.target ?? "");

let last = 0;
let sent = 0;
let seq = 0;
stage.renderer.setAnimationLoop((moment: number, frame?: XRFrame) => {
  const now = performance.now() / 1000;
  const seconds = Math.min(0.1, (moment - last) / 1000);
  last = moment;
  const immersed = headset.session !== null && frame !== undefined;
  if (immersed) headset.update();
  else walker.update(seconds);
  avatar.setHeadless(immersed || !walker.outside);
  const due = immersed || now - sent >= PAGE_RATE;
  if (due && connection.state === "open" && embodied) {
    const pose = immersed ? headset.pose(frame, now, ++seq) : walker.pose(now, ++seq);
    if (pose) connection.send(pose);
    sent = now;
  }
  avatar.update(now);
  companions.update(now);
  products.update(now, companions.guest);
  stage.renderer.render(stage.scene, stage.camera);
});

const ways = [["vr", "immersive-vr"], ["ar", "immersive-ar"]] as const;
for (const [way, mode] of ways) void supports(mode).then((able) => panel.offer(way, able));
offer();

/** Come in; who finds nobody, or draws for so long that the greeting is too late, knocks again. */
function enter(): void {
  connection.open().catch((error: unknown) => {
    panel.problem(error instanceof ConnectionError ? error.message : String(error));
    if (error instanceof ConnectionError && error.field === "url") setTimeout(enter, AGAIN);
  });
}
enter();

// For tests and for whoever is curious: the parts, from the console.
Object.assign(globalThis, { showroom: { connection, products, avatar, companions, stage, walker, headset } });
