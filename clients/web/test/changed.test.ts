import assert from "node:assert/strict";
import { test } from "node:test";
import { changed } from "../src/core/changed.ts";
import type { ProductShown } from "../src/core/messages.ts";

const shirt: ProductShown = {
  type: "product_shown", target: "tshirt", glb: "a", name: { en: "T-shirt" }, kind: "garment",
  category: "tshirt", transform: [0, 0, 0, 0, 0, 0, 1], worn: true, size: "M", color: "navy",
  values: { sleeve_length: 0.2, chest: 1 },
};

test("a product that is re-fitted keeps its size and colour", () => {
  const change = { name: "sleeve_length", unit: "m", old: 0.2, new: 0.23 };
  const now = changed(shirt, {
    type: "product_changed", target: "tshirt", changes: [change], transform: shirt.transform, glb: "b",
  });
  assert.deepEqual(now, { ...shirt, glb: "b", values: { sleeve_length: 0.23, chest: 1 } });
});

test("one that is moved keeps its shape, and its place is no measure of it", () => {
  const change = { name: "x", unit: "m", old: 0, new: 1 };
  const transform = [1, 0, 0, 0, 0, 0, 1] as const;
  const now = changed(shirt, {
    type: "product_changed", target: "tshirt", changes: [change], transform,
  });
  assert.deepEqual(now, { ...shirt, transform });
});

test("another size and colour are taken", () => {
  const now = changed(shirt, {
    type: "product_changed", target: "tshirt", changes: [], transform: shirt.transform, glb: "c",
    size: "L", color: "red",
  });
  assert.deepEqual(now, { ...shirt, glb: "c", size: "L", color: "red" });
});
