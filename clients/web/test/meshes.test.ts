import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { decodeFrame, FrameError } from "../src/core/compact.ts";
import type { Vertices } from "../src/core/compact.ts";
import { BaseError, isDifference, MeshDecoder } from "../src/core/meshes.ts";

const file = new URL("../../../showroom/protocol/golden_mesh.json", import.meta.url);
interface Vector { frame: number; target: string; hex: string; within: number; grid: number[] }
interface Refused { why: string; base: boolean; hex: string }
const { frames, refused } = JSON.parse(readFileSync(file, "utf-8")) as {
  frames: Vector[];
  refused: Refused[];
};

function bytes(hex: string): ArrayBuffer {
  return new Uint8Array(Buffer.from(hex, "hex")).buffer;
}

test("the golden frames come back as they were", async () => {
  const decoder = new MeshDecoder();
  for (const { frame, target, hex, within, grid } of frames) {
    const data = bytes(hex);
    const got = isDifference(data) ? await decoder.decode(data) : (decodeFrame(data) as Vertices);
    assert.equal(got.frame, frame);
    assert.equal(got.target, target);
    assert.equal(got.positions.length, grid.length);
    grid.forEach((value, i) => assert.ok(Math.abs(value * 0.00025 - got.positions[i]!) < within));
  }
});

test("what is broken is refused, and leaves no trace", async () => {
  const decoder = new MeshDecoder();
  const differences = frames.filter(({ hex }) => isDifference(bytes(hex)));
  for (const { hex } of differences) await decoder.decode(bytes(hex));
  for (const { why, base, hex } of refused) {
    const data = bytes(hex);
    const reading = isDifference(data) ? decoder.decode(data) : (async () => decodeFrame(data))();
    await assert.rejects(reading, base ? BaseError : FrameError, why);
  }
  await decoder.decode(bytes(differences.at(-1)!.hex));
});

test("a difference without its base, or cut short, is refused", async () => {
  const delta = frames[1]!.hex;
  await assert.rejects(new MeshDecoder().decode(bytes(delta)), BaseError);
  const decoder = new MeshDecoder();
  await decoder.decode(bytes(frames[0]!.hex));
  for (let cut = 100; cut < delta.length / 2; cut += 7) {
    await assert.rejects(decoder.decode(bytes(delta.slice(0, 2 * cut))), FrameError);
  }
  await decoder.decode(bytes(delta));
});
