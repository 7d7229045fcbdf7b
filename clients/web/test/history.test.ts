import assert from "node:assert/strict";
import { test } from "node:test";
import { History } from "../src/core/history.ts";

test("samples that arrive late are shown at their own times", () => {
  const history = new History<number>(0.05);
  const late = [0.01, 0.04, 0.01, 0.035, 0.012, 0.02];
  late.forEach((delay, i) => history.add(i * 0.02, i * 0.02, 100 + i * 0.02 + delay));
  for (const moment of [100.075, 100.09, 100.12]) {
    const shown = history.at(moment)!;
    const value = shown.from + (shown.to - shown.from) * shown.share;
    assert.ok(Math.abs(value - (moment - 100.01 - 0.05)) < 0.004, `${value} at ${moment}`);
  }
});

test("nothing is made up before the first sample or after the last", () => {
  const history = new History<string>();
  assert.equal(history.at(1), null);
  history.add(1, "a", 1);
  assert.deepEqual(history.at(0), { from: "a", to: "a", share: 1 });
  assert.equal(history.at(50)!.to, "a");
});

test("a sender whose clock begins anew is followed", () => {
  const history = new History<number>();
  history.add(100, 1, 0);
  history.add(1, 2, 0.1);
  assert.equal(history.at(5)!.to, 2);
});
