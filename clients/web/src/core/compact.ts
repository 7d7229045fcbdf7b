// Compact binary frames: poses out, avatar poses and mesh vertices in.
//
// Little endian; the first byte is 0xC1, the second the kind. Positions count 0.25 mm,
// quaternions are four int16 with 1.0 = 32767. The layouts stand in docs/protocol.md.

import type { AvatarPose, Pose } from "./messages.ts";
import { VRM_BONES } from "./messages.ts";

export const MAGIC = 0xc1;
const POSE = 1;
const AVATAR = 2;
const MESH = 3;
const COMPANION = 5;
export const UNIT = 0.00025;
const ONE = 32767;
const HAND_BYTES = 14;
const POSE_BYTES = 36;

export type Seven = readonly [number, number, number, number, number, number, number];

/** The vertices of one mesh in one frame: x, y, z of each, metres, play space. */
export interface Vertices {
  type: "mesh_frame";
  target: string;
  /** The GLB (SHA-256 in hex) whose one shared POSITION accessor they fill. */
  glb: string;
  frame: number;
  time: number;
  positions: Float32Array;
}

/** A frame that is not what its head says. */
export class FrameError extends Error {}

function snorm(view: DataView, at: number, rotation: ArrayLike<number>, from: number): void {
  for (let i = 0; i < 4; i++) {
    const part = Math.round(rotation[from + i]! * ONE);
    view.setInt16(at + 2 * i, Math.max(-ONE, Math.min(ONE, part)), true);
  }
}

/**
 * A pose in 36 bytes, 14 more for each tracked hand.
 *
 * Returns null if a hand is more than 8.19 m from the head: send the pose as JSON then.
 */
export function encodePose(pose: Pose): ArrayBuffer | null {
  const hands = [pose.left ?? null, pose.right ?? null];
  const count = hands.filter((hand) => hand !== null).length;
  const buffer = new ArrayBuffer(POSE_BYTES + HAND_BYTES * count);
  const view = new DataView(buffer);
  view.setUint8(0, MAGIC);
  view.setUint8(1, POSE);
  view.setUint8(2, (hands[0] ? 1 : 0) | (hands[1] ? 2 : 0));
  view.setUint32(4, pose.seq ?? 0, true);
  view.setFloat64(8, pose.time, true);
  const head = [0, 1, 2].map((i) => Math.round(pose.head[i]! / UNIT));
  head.forEach((value, i) => view.setInt32(16 + 4 * i, value, true));
  snorm(view, 28, pose.head, 3);
  let at = POSE_BYTES;
  for (const hand of hands) {
    if (!hand) continue;
    for (let i = 0; i < 3; i++) {
      const offset = Math.round(hand[i]! / UNIT) - head[i]!;
      if (Math.abs(offset) > ONE) return null;
      view.setInt16(at + 2 * i, offset, true);
    }
    snorm(view, at + 6, hand, 3);
    at += HAND_BYTES;
  }
  return buffer;
}

function expect(buffer: ArrayBuffer, bytes: number): void {
  if (buffer.byteLength !== bytes) {
    throw new FrameError(`a frame of ${bytes} bytes was expected, ${buffer.byteLength} came`);
  }
}

function decodeAvatar(buffer: ArrayBuffer, view: DataView): AvatarPose {
  const count = view.getUint8(2);
  const start = 28 + count + ((4 - (count % 4)) % 4);
  expect(buffer, start + 8 * count);
  const rotations: Record<string, [number, number, number, number]> = {};
  for (let i = 0; i < count; i++) {
    const name = VRM_BONES[view.getUint8(28 + i)];
    if (name === undefined) throw new FrameError("an unknown bone number");
    const at = start + 8 * i;
    rotations[name] = [0, 2, 4, 6].map((o) => view.getInt16(at + o, true) / ONE) as [
      number, number, number, number,
    ];
  }
  const root = [16, 20, 24].map((at) => view.getInt32(at, true) * UNIT);
  return {
    type: "avatar_pose",
    seq: view.getUint32(4, true),
    time: view.getFloat64(8, true),
    root: root as [number, number, number],
    rotations,
  };
}

/** What every mesh frame opens with, still without its vertices; `start` is where they begin. */
export function meshHead(
  buffer: ArrayBuffer,
  view: DataView,
): { frame: Vertices; count: number; start: number } {
  const name = view.getUint8(3);
  const start = 76 + name + ((4 - (name % 4)) % 4);
  if (buffer.byteLength < start) throw new FrameError("a mesh frame is cut short");
  const digest = new Uint8Array(buffer, 20, 32);
  const hex = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const frame: Vertices = {
    type: "mesh_frame",
    target: new TextDecoder().decode(new Uint8Array(buffer, 76, name)),
    glb: digest.every((byte) => byte === 0) ? "" : hex,
    frame: view.getUint32(4, true),
    time: view.getFloat64(8, true),
    positions: new Float32Array(0),
  };
  return { frame, count: view.getUint32(16, true), start };
}

function decodeMesh(buffer: ArrayBuffer, view: DataView): Vertices {
  const encoding = view.getUint8(2);
  if (encoding !== 0) throw new FrameError(`unknown mesh encoding ${encoding}`);
  const { frame, count, start } = meshHead(buffer, view);
  expect(buffer, start + 6 * count);
  const corner = [52, 56, 60].map((at) => view.getFloat32(at, true));
  const step = [64, 68, 72].map((at) => view.getFloat32(at, true));
  const coordinates = new Uint16Array(buffer, start, 3 * count);
  const positions = new Float32Array(3 * count);
  const [x0, y0, z0] = corner as [number, number, number];
  const [dx, dy, dz] = step as [number, number, number];
  for (let i = 0; i < positions.length; i += 3) {
    positions[i] = x0 + dx * coordinates[i]!;
    positions[i + 1] = y0 + dy * coordinates[i + 1]!;
    positions[i + 2] = z0 + dz * coordinates[i + 2]!;
  }
  return { ...frame, positions };
}

/** Any compact frame that a server sends. */
export function decodeFrame(buffer: ArrayBuffer): AvatarPose | Vertices {
  const view = new DataView(buffer);
  if (buffer.byteLength < 28 || view.getUint8(0) !== MAGIC) {
    throw new FrameError("not a compact frame");
  }
  const kind = view.getUint8(1);
  if (kind === AVATAR) return decodeAvatar(buffer, view);
  if (kind === COMPANION) {
    const name = view.getUint8(3);
    const start = 4 + name + ((4 - (name % 4)) % 4);
    const pose = decodeFrame(buffer.slice(start));
    if (pose.type !== "avatar_pose") throw new FrameError("no companion's pose");
    return { ...pose, who: new TextDecoder().decode(new Uint8Array(buffer, 4, name)) };
  }
  if (kind === MESH && buffer.byteLength >= 76) return decodeMesh(buffer, view);
  throw new FrameError(`unknown kind of frame ${kind}`);
}
