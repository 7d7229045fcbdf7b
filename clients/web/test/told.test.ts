import assert from "node:assert/strict";
import { test } from "node:test";
import { changeText, colorName, regionText } from "../src/app/told.ts";

test("a Chinese page says colours, regions and parameters in Chinese", () => {
  assert.equal(colorName("zh", "dark_green"), "墨绿色");
  assert.equal(regionText("zh", { region: "bust", ease: 0.04 }), "胸围 +4.0 厘米");
  assert.equal(regionText("zh", { region: "waist", ease: -0.015 }), "腰围 -1.5 厘米");
  const sleeves = { name: "sleeve_length", unit: "m", old: 0.2, new: 0.23 };
  assert.equal(changeText("zh", sleeves), "袖长 20.0 → 23.0 厘米");
});

test("an English page says them in English words, not ids", () => {
  assert.equal(colorName("en", "dark_green"), "dark green");
  assert.equal(regionText("en", { region: "arm_length", ease: 0 }), "sleeves +0.0 cm");
  const tilt = { name: "back_tilt", unit: "rad", old: 0, new: Math.PI / 18 };
  assert.match(changeText("en", tilt), /^\S.* 0 → 10 degrees$/);
  assert.doesNotMatch(changeText("en", tilt), /_/);
});

test("a parameter is called what its category calls it", () => {
  const hem = { name: "hem_width", unit: "m", old: 0.2, new: 0.22 };
  assert.match(changeText("zh", hem, "dress"), /^下摆宽 /);
  assert.match(changeText("zh", hem, "pants"), /^裤脚宽 /);
});

test("a move is told as a direction, a ratio as a share, an unknown name as it is", () => {
  assert.equal(changeText("zh", { name: "x", unit: "m", old: 0, new: 0.5 }), "左右 0.0 → 50.0 厘米");
  assert.equal(changeText("en", { name: "yaw", unit: "rad", old: 0, new: Math.PI / 2 }), "turn 0 → 90 degrees");
  const own = { name: "own_thing", unit: "ratio", old: 0.5, new: 0.25 };
  assert.equal(changeText("zh", own), "own thing 50 → 25 %");
  assert.equal(colorName("zh", "shop_blue"), "shop blue");
});
