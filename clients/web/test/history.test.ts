import assert from "node:assert/strict";
import { test } from "node:test";
import { History, SenderClock } from "../src/core/history.ts";

test("samples that arrive late are shown at their own times", () => {
  const history = new History<number>(new SenderClock(0.05));
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

test("a body is never ahead of its sleeve, however late and rarely the sleeve comes", () => {
  const clock = new SenderClock();
  const body = new History<number>(clock);
  const sleeve = new History<number>(clock);
  const value = ({ from, to, share }: { from: number; to: number; share: number }): number =>
    from + (to - from) * share;
  const seen: number[] = [];
  for (let i = 0; i < 400; i++) {
    const time = i * 0.01;
    const now = 50 + time;
    body.add(time, time, now);
    if (i % 8 === 0 && i >= 2) sleeve.add(time - 0.02, time - 0.02, now); // 12.5 Hz, 20 ms late
    const worn = sleeve.at(now);
    if (i < 100) continue;
    const moment = value(body.at(now)!);
    assert.ok(Math.abs(moment - value(worn!)) < 1e-6, `${moment} and ${value(worn!)}`);
    assert.ok(time - moment < 0.15, `${time - moment} s behind`);
    seen.push(moment);
  }
  // And it does not stand still between two of the sleeve's samples.
  const steps = seen.slice(1).map((moment, i) => moment - seen[i]!);
  assert.ok(steps.every((step) => step >= 0 && step < 0.03));
  assert.ok(steps.filter((step) => step < 0.004).length < 0.15 * steps.length);
});

test("a body does not wait for cloth that comes no more", () => {
  const clock = new SenderClock();
  const [body, sleeve, hem] = [1, 2, 3].map(() => new History<number>(clock));
  for (let i = 0; i < 100; i++) {
    const time = i * 0.01;
    body!.add(time, time, time);
    if (i < 60) sleeve!.add(time, time, time);
    if (i < 95) hem!.add(time, time, time);
    if (i === 95) hem!.clear();
  }
  assert.ok(body!.at(0.99)!.to > 0.95);
});

test("who comes back with a clock that began anew is followed at once", () => {
  const clock = new SenderClock();
  const before = new History<number>(clock);
  for (let i = 0; i < 10; i++) before.add(100 + i * 0.02, i, i * 0.02);
  before.at(0.2);
  const after = new History<number>(clock);
  for (let i = 0; i < 10; i++) after.add(1 + i * 0.02, i, 9 + i * 0.02);
  const shown = after.at(9.18)!;
  assert.ok(shown.from < 9 && shown.share < 1);
});
