// Mesh frames as differences to frames that have come: the receiver's end.
//
// Asked for by "delta" in the hello. Coordinates are whole numbers of 0.25 mm, so that nothing
// adds up. The layouts stand in docs/protocol.md.

import { FrameError, meshHead, UNIT } from "./compact.ts";
import type { Vertices } from "./compact.ts";

const DELTA = 1;
const KEY = 2;
const KEPT = 8;
const MOST_VERTICES = 65_536;

interface Track {
  glb: string;
  /** How far before each vertex its first neighbour stands; then the second neighbours. */
  backs: Uint16Array;
  frames: Map<number, Int32Array>;
}

/** A difference to a frame that has not come: acknowledge frame 0, and a whole one follows. */
export class BaseError extends FrameError {
  readonly target: string;
  constructor(target: string) {
    super(`a frame of ${target} builds on one that has not come`);
    this.target = target;
  }
}

/** Whether this platform can unpack differences, and a buffer holds one. */
export const takesDifferences = typeof DecompressionStream !== "undefined";

export function isDifference(buffer: ArrayBuffer): boolean {
  if (buffer.byteLength < 76) return false;
  const head = new Uint8Array(buffer, 0, 3);
  return head[0] === 0xc1 && head[1] === 3 && (head[2] === DELTA || head[2] === KEY);
}

async function unpacked(data: Uint8Array<ArrayBuffer>, size: number): Promise<ArrayBuffer> {
  const plain = new Uint8Array(size);
  let filled = 0;
  try {
    const stream = new Blob([data]).stream().pipeThrough(new DecompressionStream("deflate"));
    const reader = stream.getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      if (filled + part.value.length > size) {
        await reader.cancel();
        filled = -1;
        break;
      }
      plain.set(part.value, filled);
      filled += part.value.length;
    }
  } catch {
    filled = -1;
  }
  if (filled !== size) throw new FrameError("a mesh frame's data cannot be unpacked");
  return plain.buffer;
}

/** The frames of one connection; decode them in the order in which they come. */
export class MeshDecoder {
  private readonly tracks = new Map<string, Track>();

  async decode(buffer: ArrayBuffer): Promise<Vertices> {
    const view = new DataView(buffer);
    const head = meshHead(buffer, view);
    if (head.count > MOST_VERTICES) throw new FrameError(`more vertices than ${MOST_VERTICES}`);
    const grid =
      view.getUint8(2) === KEY
        ? await this.whole(buffer, view, head)
        : await this.difference(buffer, view, head);
    const track = this.tracks.get(head.frame.target)!;
    track.frames.set(head.frame.frame, grid);
    for (const old of track.frames.keys()) {
      if (track.frames.size <= KEPT) break;
      track.frames.delete(old);
    }
    const positions = new Float32Array(grid.length);
    for (let i = 0; i < grid.length; i++) positions[i] = grid[i]! * UNIT;
    return { ...head.frame, positions };
  }

  private async whole(
    buffer: ArrayBuffer,
    view: DataView,
    { frame, count, start }: ReturnType<typeof meshHead>,
  ): Promise<Int32Array> {
    const end = start + 6 * count;
    if (buffer.byteLength < end) throw new FrameError("a mesh frame is cut short");
    const corner = [52, 56, 60].map((at) => view.getFloat32(at, true) / UNIT);
    const steps = [64, 68, 72].map((at) => view.getFloat32(at, true));
    if (!corner.every((c) => Math.abs(c) < 2 ** 30) || steps.some((s) => s !== Math.fround(UNIT))) {
      throw new FrameError("a mesh frame that does not count in 0.25 mm");
    }
    const low = corner.map(Math.round);
    const coordinates = new Uint16Array(buffer, start, 3 * count);
    const grid = new Int32Array(3 * count);
    for (let i = 0; i < grid.length; i++) grid[i] = low[i % 3]! + coordinates[i]!;
    const backs = new Uint16Array(await unpacked(new Uint8Array(buffer, end), 4 * count));
    if (backs.some((back, i) => back > i % count)) {
      throw new FrameError("a neighbour that does not come before");
    }
    const track = this.tracks.get(frame.target);
    const same = track?.glb === frame.glb && track.backs.length === backs.length;
    const frames = same ? track.frames : new Map<number, Int32Array>();
    this.tracks.set(frame.target, { glb: frame.glb, backs, frames });
    return grid;
  }

  private async difference(
    buffer: ArrayBuffer,
    view: DataView,
    { frame, count, start }: ReturnType<typeof meshHead>,
  ): Promise<Int32Array> {
    const track = this.tracks.get(frame.target);
    const base = track?.glb === frame.glb ? track.frames.get(view.getUint32(68, true)) : undefined;
    if (!track || base?.length !== 3 * count) throw new BaseError(frame.target);
    const { backs } = track;
    const data = new Uint8Array(buffer, start);
    const residuals = new Int8Array(await unpacked(data, 3 * count));
    const grid = new Int32Array(3 * count);
    for (let k = 0; k < 3; k++) {
      const offset = view.getInt32(52 + 4 * k, true);
      for (let v = 0; v < count; v++) {
        let guess = 0;
        for (const back of [backs[v]!, backs[count + v]!]) {
          const i = 3 * (v - back) + k;
          if (back) guess += grid[i]! - base[i]! - offset;
        }
        const i = 3 * v + k;
        grid[i] = base[i]! + offset + (guess >> 1) + residuals[k * count + v]!;
      }
    }
    return grid;
  }
}
