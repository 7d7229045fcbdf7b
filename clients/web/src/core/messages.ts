// Written by `python -m showroom.protocol.languages`; do not edit.

export const SUBPROTOCOL = "showroom.v1";
export const VERSION = 1;

/** VRM 1.0's humanoid bones, in the order that compact frames number them. */
export const VRM_BONES: readonly string[] = [
  "hips",
  "spine",
  "chest",
  "upperChest",
  "neck",
  "head",
  "leftEye",
  "rightEye",
  "jaw",
  "leftUpperLeg",
  "leftLowerLeg",
  "leftFoot",
  "leftToes",
  "rightUpperLeg",
  "rightLowerLeg",
  "rightFoot",
  "rightToes",
  "leftShoulder",
  "leftUpperArm",
  "leftLowerArm",
  "leftHand",
  "rightShoulder",
  "rightUpperArm",
  "rightLowerArm",
  "rightHand",
  "leftThumbMetacarpal",
  "leftThumbProximal",
  "leftThumbDistal",
  "leftIndexProximal",
  "leftIndexIntermediate",
  "leftIndexDistal",
  "leftMiddleProximal",
  "leftMiddleIntermediate",
  "leftMiddleDistal",
  "leftRingProximal",
  "leftRingIntermediate",
  "leftRingDistal",
  "leftLittleProximal",
  "leftLittleIntermediate",
  "leftLittleDistal",
  "rightThumbMetacarpal",
  "rightThumbProximal",
  "rightThumbDistal",
  "rightIndexProximal",
  "rightIndexIntermediate",
  "rightIndexDistal",
  "rightMiddleProximal",
  "rightMiddleIntermediate",
  "rightMiddleDistal",
  "rightRingProximal",
  "rightRingIntermediate",
  "rightRingDistal",
  "rightLittleProximal",
  "rightLittleIntermediate",
  "rightLittleDistal",
];

/** An intent that Wit.ai found, such as ``"wit$confirmation"`` or one of the app's own. */
export interface WitIntent {
  name: string;
  confidence?: number;
}

/** Words of the sentence that Wit.ai resolved, such as "3 cm" to 3 ``"centimeter"``. */
export interface WitEntity {
  name: string;
  role?: string;
  body?: string;
  value?: number | string;
  unit?: string;
  confidence?: number;
  start?: number;
  end?: number;
}

/** A trait of the whole sentence, such as a sentiment. */
export interface WitTrait {
  value?: number | string;
  confidence?: number;
}

/** What Wit.ai made of a sentence; intents best first, entities under ``"name:role"``. */
export interface WitResponse {
  text?: string;
  intents?: readonly (WitIntent)[];
  entities?: Readonly<Record<string, readonly (WitEntity)[]>>;
  traits?: Readonly<Record<string, readonly (WitTrait)[]>>;
  is_final?: boolean;
  type?: string;
}

/** One number that a re-fit changed: parameter, unit, old and new value. */
export interface Change {
  name: string;
  unit: string;
  old: number;
  new: number;
}

/** One who is in the room; ``away`` while their connection is lost. */
export interface Companion {
  name: string;
  away?: boolean;
  may?: "change" | "look" | "move";
}

/** Fit of one body region: garment girth minus body girth (ease), metres. */
export interface RegionFit {
  region: string;
  body: number;
  garment: number;
  ease: number;
  verdict: "loose" | "regular" | "snug" | "tight";
  strain?: number | null;
  gap?: number | null;
  contact?: number | null;
}

/** One line of the basket; ``price`` of one piece as the shop wrote it, or ``""``. */
export interface BasketLine {
  target: string;
  name: Readonly<Record<string, string>>;
  count: number;
  size?: string;
  color?: string;
  price?: string;
  currency?: string;
}

/** One recommended product. */
export interface Suggestion {
  target: string;
  name: Readonly<Record<string, string>>;
  because?: string;
  shared?: string;
  reason?: Readonly<Record<string, string>>;
}

/** The first message of a visit. */
export interface Hello {
  type: "hello";
  n?: number;
  version?: number;
  client?: string;
  lang?: string;
  want?: readonly (string)[];
  token?: string;
  resume?: string;
  have?: number;
  watch?: string;
  id?: string;
}

/** The visitor's body: height and, where known, tape measures (ISO 8559 names), metres. */
export interface Body {
  type: "body";
  n?: number;
  height: number;
  gender?: "female" | "male" | "neutral";
  tape?: Readonly<Record<string, number>>;
  weight_kg?: number | null;
  id?: string;
}

/** One frame of the headset and two controllers, in the play space. */
export interface Pose {
  type: "pose";
  n?: number;
  time: number;
  head: readonly [number, number, number, number, number, number, number];
  left?: readonly [number, number, number, number, number, number, number] | null;
  right?: readonly [number, number, number, number, number, number, number] | null;
  seq?: number;
  joints?: Readonly<Record<string, readonly [number, number, number, number, number, number, number]>>;
  skeleton?: string;
}

/** What the visitor said or typed; partial ones (``is_final`` false) change nothing. */
export interface Utterance {
  type: "utterance";
  n?: number;
  id: string;
  text: string;
  lang?: string;
  rev?: number;
  is_final?: boolean;
  wit?: WitResponse | null;
}

/** A resolved intent in SI units; also what a button sends. */
export interface Command {
  type: "command";
  n?: number;
  action: "add_to_basket" | "adjust_fit" | "ask" | "choose" | "compare" | "dislike" | "greet" | "hand_over" | "help" | "look" | "move" | "place" | "recommend" | "redo" | "remove_from_basket" | "report" | "rotate" | "scale" | "set_choice" | "set_color" | "set_size" | "show" | "show_basket" | "take_off" | "try_on" | "undo";
  id?: string;
  target?: string;
  part?: string;
  parameter?: string;
  delta?: number | null;
  value?: number | null;
  factor?: number | null;
  direction?: string;
  size?: string;
  size_step?: number;
  color?: string;
  option?: string;
  near?: string;
  count?: number;
  material?: string;
  price_low?: number | null;
  price_high?: number | null;
  at?: readonly [number, number, number] | null;
}

/** What the pointing ray hits: a product id, or ``""`` for nothing. */
export interface Point {
  type: "point";
  n?: number;
  target?: string;
  id?: string;
}

/** The visitor's own room: a metric floor plan. */
export interface RoomPlan {
  type: "room";
  n?: number;
  outline: readonly (readonly [number, number])[];
  height?: number;
  openings?: readonly (readonly [string, number, number, number, number, number])[];
  obstacles?: readonly (readonly [number, number, number, number, number, number])[];
  id?: string;
}

/** Time passes: ``time`` in seconds, never going back. */
export interface Clock {
  type: "clock";
  n?: number;
  time: number;
}

/** Shop together with others: see their avatars and what they wear, and be seen. */
export interface Join {
  type: "join";
  n?: number;
  room?: string;
  name?: string;
  guests?: "change" | "look" | "move";
  id?: string;
}

/** Leave the room that was joined; the visit goes on alone. */
export interface Leave {
  type: "leave";
  n?: number;
  id?: string;
}

/** The host says what guests may do with what stands in the room. */
export interface Allow {
  type: "allow";
  n?: number;
  guests: "change" | "look" | "move";
  who?: string;
  id?: string;
}

/** Send a photo in chunks, or go on with one that a break has cut off. */
export interface Upload {
  type: "upload";
  n?: number;
  size: number;
  hash: string;
  what?: "body" | "product";
  consent?: boolean;
  height?: number | null;
  gender?: "female" | "male" | "neutral";
  id?: string;
}

/** A piece of an upload, in order; ``crc`` is its CRC-32 (zlib's, RFC 1950's polynomial). */
export interface UploadChunk {
  type: "upload_chunk";
  n?: number;
  upload: string;
  offset: number;
  data: Uint8Array;
  crc: number;
}

/** The microphone is open: chunks follow until :class:`AudioStop`. */
export interface AudioStart {
  type: "audio-start";
  n?: number;
  id: string;
  rate?: number;
  width?: number;
  channels?: number;
  lang?: string;
}

/** Samples of the microphone, or of a reply that is spoken; ``seq`` counts from 0. */
export interface AudioChunk {
  type: "audio-chunk";
  n?: number;
  data: Uint8Array;
  seq?: number;
}

/** No more chunks come: a push-to-talk button was let go. An open turn ends with it. */
export interface AudioStop {
  type: "audio-stop";
  n?: number;
}

/** The client has played, or stopped, the reply ``ref`` of a :class:`Speak`. */
export interface PlaybackFinished {
  type: "playback-finished";
  n?: number;
  ref: string;
}

/** From a client: what is being said is to be forgotten. From the server: stop playing ``ref``. */
export interface Cancel {
  type: "cancel";
  n?: number;
  ref?: string;
}

/** Clock sync; answered by :class:`Pong` with the same ``time``. */
export interface Ping {
  type: "ping";
  n?: number;
  time: number;
  id?: string;
}

/** The client has shown mesh frame ``frame`` of ``target``; returns one credit. */
export interface Ack {
  type: "ack";
  n?: number;
  target: string;
  frame: number;
}

/** All reliable updates up to ``upto`` have arrived; the server need not keep them. */
export interface Received {
  type: "received";
  n?: number;
  upto: number;
}

/** The visitor leaves; nothing of the visit is kept. */
export interface Bye {
  type: "bye";
  n?: number;
}

/** The visit is open, or goes on. */
export interface Welcome {
  type: "welcome";
  n?: number;
  visit: string;
  version?: number;
  server?: string;
  capabilities?: readonly (string)[];
  resume?: string;
  resumed?: boolean;
  hold?: number;
  watch?: string;
}

/** ``time`` from the ping, ``server_time`` in seconds of the server's clock. */
export interface Pong {
  type: "pong";
  n?: number;
  time: number;
  server_time: number;
  ref?: string;
}

/** The room that the visitor stands in: a scene's name and its floor plan. */
export interface RoomShown {
  type: "room_shown";
  n?: number;
  scene: string;
  outline: readonly (readonly [number, number])[];
  height: number;
  ref?: string;
}

/** A product is to be seen: load the GLB by hash and put it at ``transform``. */
export interface ProductShown {
  type: "product_shown";
  n?: number;
  target: string;
  glb: string;
  name: Readonly<Record<string, string>>;
  kind: "furniture" | "garment";
  category: string;
  transform: readonly [number, number, number, number, number, number, number];
  worn?: boolean;
  size?: string;
  color?: string;
  values?: Readonly<Record<string, number>>;
  sizes?: readonly (string)[];
  colors?: readonly (string)[];
  ranges?: Readonly<Record<string, readonly [number, number]>>;
  price?: string;
  currency?: string;
  ref?: string;
}

/** A product was re-fitted, recoloured or moved. */
export interface ProductChanged {
  type: "product_changed";
  n?: number;
  target: string;
  changes: readonly (Change)[];
  transform: readonly [number, number, number, number, number, number, number];
  glb?: string;
  size?: string;
  color?: string;
  ref?: string;
}

/** A product left the room or the body. */
export interface ProductRemoved {
  type: "product_removed";
  n?: number;
  target: string;
  ref?: string;
}

/** The visitor's avatar: a skinned GLB by hash, and its measures in metres (ISO 8559). */
export interface AvatarShown {
  type: "avatar_shown";
  n?: number;
  glb: string;
  height: number;
  measures: Readonly<Record<string, number>>;
  ref?: string;
  who?: string;
}

/** The avatar's pose: root position and local bone rotations under VRM 1.0 names. */
export interface AvatarPose {
  type: "avatar_pose";
  n?: number;
  time: number;
  root: readonly [number, number, number];
  rotations: Readonly<Record<string, readonly [number, number, number, number]>>;
  seq?: number;
  who?: string;
}

/** Who is in the room, whenever that changes. */
export interface Company {
  type: "company";
  n?: number;
  room: string;
  you?: string;
  host?: string;
  may?: "change" | "look" | "move";
  companions?: readonly (Companion)[];
  ref?: string;
}

/** All vertices of one mesh in one frame (``target`` is ``"avatar"`` or a product id). */
export interface MeshFrame {
  type: "mesh_frame";
  n?: number;
  target: string;
  glb: string;
  frame: number;
  time: number;
  positions: Uint8Array;
}

/** How the worn garment fits this body. */
export interface FitReport {
  type: "fit_report";
  n?: number;
  target: string;
  size: string;
  regions: readonly (RegionFit)[];
  recommended: string;
  reason: Readonly<Record<string, string>>;
  next_best?: string;
  confidence?: number;
  labels?: Readonly<Record<string, string>>;
  ref?: string;
}

/** The strain map of a worn garment at rest. */
export interface FitMap {
  type: "fit_map";
  n?: number;
  target: string;
  glb: string;
  bands: Uint8Array;
  ref?: string;
}

/** What to say to the visitor, in their language; ``choices`` when it is a question. */
export interface Reply {
  type: "reply";
  n?: number;
  text: string;
  lang: string;
  ref?: string;
  choices?: readonly (string)[];
  sources?: readonly (string)[];
}

/** All that is in the basket now. */
export interface BasketShown {
  type: "basket_shown";
  n?: number;
  lines: readonly (BasketLine)[];
  total: Readonly<Record<string, string>>;
  unpriced?: number;
  ref?: string;
}

/** Products that may please, best first. */
export interface Recommended {
  type: "recommended";
  n?: number;
  products: readonly (Suggestion)[];
  ref?: string;
}

/** How an utterance was understood, after Wit.ai's JSON plus ``resolved``. */
export interface Heard {
  type: "intent";
  n?: number;
  utterance_id: string;
  text: string;
  lang: string;
  rev: number;
  is_final: boolean;
  intents: readonly (Readonly<Record<string, number | string>>)[];
  entities: Readonly<Record<string, readonly (Readonly<Record<string, number | string>>)[]>>;
  resolved?: readonly (Readonly<Record<string, number | string>>)[];
  clarify?: string | null;
}

/** What was heard of an utterance so far; the final one is carried out. */
export interface Transcript {
  type: "transcript";
  n?: number;
  utterance_id: string;
  text: string;
  lang: string;
  rev: number;
  is_final: boolean;
  stability?: number;
  confidence?: number;
  reason?: string;
}

/** Say a reply aloud; answered by ``playback-finished`` with ``id`` as its ``ref``. */
export interface Speak {
  type: "speak";
  n?: number;
  id: string;
  text: string;
  lang: string;
  ref?: string;
  rate?: number;
  width?: number;
  channels?: number;
  samples?: number;
}

/** How much of an upload has arrived. */
export interface UploadState {
  type: "upload_state";
  n?: number;
  received: number;
  size: number;
  wanted?: boolean;
  ref?: string;
}

/** Long work goes on: ``done`` of 0 to 1. */
export interface Progress {
  type: "progress";
  n?: number;
  task: string;
  done: number;
  text?: string;
  ref?: string;
}

/** Event ``ref`` is answered: no more updates come for it. */
export interface Done {
  type: "done";
  n?: number;
  ref: string;
}

/** Something was wrong with a message; the visit lives on. */
export interface ErrorUpdate {
  type: "error";
  n?: number;
  code: string;
  message: string;
  field?: string;
  expected?: string;
  got?: string;
  ref?: string;
}

export type EventMessage =
  | Hello
  | Body
  | Pose
  | Utterance
  | Command
  | Point
  | RoomPlan
  | Clock
  | Join
  | Leave
  | Allow
  | Upload
  | UploadChunk
  | AudioStart
  | AudioChunk
  | AudioStop
  | PlaybackFinished
  | Cancel
  | Ping
  | Ack
  | Received
  | Bye;

export type UpdateMessage =
  | Welcome
  | Pong
  | RoomShown
  | ProductShown
  | ProductChanged
  | ProductRemoved
  | AvatarShown
  | AvatarPose
  | Company
  | MeshFrame
  | FitReport
  | FitMap
  | Reply
  | BasketShown
  | Recommended
  | Heard
  | Transcript
  | Speak
  | AudioChunk
  | Cancel
  | UploadState
  | Progress
  | Done
  | ErrorUpdate;
