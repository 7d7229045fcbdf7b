import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { position, rotation } from "../src/core/frames.ts";
import type { Engine, Quat, Vec3 } from "../src/core/frames.ts";

const file = new URL("../../../showroom/protocol/golden_frames.json", import.meta.url);
interface Place {
  position: Vec3;
  rotation: Quat;
}
const { vectors } = JSON.parse(readFileSync(file, "utf-8")) as { vectors: Record<string, Place>[] };

function close(a: readonly number[], b: readonly number[], tolerance: number): void {
  a.forEach((value, i) => assert.ok(Math.abs(value - b[i]!) <= tolerance, `${a} is not ${b}`));
}

test("the golden vectors hold in every engine's frame", () => {
  assert.equal(vectors.length, 8);
  for (const vector of vectors) {
    const given = vector["protocol"]!;
    for (const engine of ["panda3d", "unity", "unity_gltf", "unreal"] as Engine[]) {
      const wanted = vector[engine]!;
      close(position(engine, given.position), wanted.position, 1e-6);
      const turned = rotation(engine, given.rotation);
      const dot = turned.reduce((sum, part, i) => sum + part * wanted.rotation[i]!, 0);
      close([Math.abs(dot)], [1], 1e-6);
    }
    assert.deepEqual(position("three", given.position), given.position);
  }
});
