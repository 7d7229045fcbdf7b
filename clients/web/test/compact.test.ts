import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { decodeFrame, encodePose, FrameError } from "../src/core/compact.ts";
import type { AvatarPose, Pose } from "../src/core/messages.ts";

// Written by the server's own codec: see tests/clients/test_web.py.
const path = process.env["SHOWROOM_GOLDEN"]!;
interface Golden {
  poses: { message: Pose; hex: string }[];
  avatar: { message: AvatarPose; hex: string };
  companion: { message: AvatarPose; hex: string; who: string };
  mesh: { target: string; glb: string; frame: number; time: number; xyz: number[]; hex: string };
}
const golden = JSON.parse(readFileSync(path, "utf-8")) as Golden;

function bytes(hex: string): ArrayBuffer {
  return new Uint8Array(Buffer.from(hex, "hex")).buffer;
}

test("poses are encoded byte for byte as the server does", () => {
  for (const { message, hex } of golden.poses) {
    const frame = encodePose(message);
    assert.ok(frame);
    assert.equal(Buffer.from(frame).toString("hex"), hex);
  }
});

test("a hand too far away is left to JSON", () => {
  const head = [0, 1.6, 0, 0, 0, 0, 1] as const;
  assert.equal(encodePose({ type: "pose", time: 1, head, left: [9, 1, 0, 0, 0, 0, 1] }), null);
});

test("the avatar's pose comes back", () => {
  const { message, hex } = golden.avatar;
  const pose = decodeFrame(bytes(hex)) as AvatarPose;
  assert.equal(pose.seq, message.seq);
  assert.equal(pose.time, message.time);
  pose.root.forEach((v, i) => assert.ok(Math.abs(v - message.root[i]!) <= 0.000126));
  assert.deepEqual(Object.keys(pose.rotations), Object.keys(message.rotations));
  for (const [bone, q] of Object.entries(message.rotations)) {
    q.forEach((part, i) => assert.ok(Math.abs(part - pose.rotations[bone]![i]!) < 2e-5));
  }
});

test("a companion's pose comes back with their name", () => {
  const { message, hex, who } = golden.companion;
  const pose = decodeFrame(bytes(hex)) as AvatarPose;
  assert.equal(pose.who, who);
  assert.equal(pose.seq, message.seq);
  assert.deepEqual(Object.keys(pose.rotations), Object.keys(message.rotations));
});

test("a mesh frame comes back within half a step", () => {
  const { hex, xyz, ...head } = golden.mesh;
  const frame = decodeFrame(bytes(hex));
  assert.equal(frame.type, "mesh_frame");
  if (frame.type !== "mesh_frame") return;
  assert.deepEqual(
    { target: frame.target, glb: frame.glb, frame: frame.frame, time: frame.time },
    head,
  );
  xyz.forEach((value, i) => assert.ok(Math.abs(value - frame.positions[i]!) < 2e-5));
});

test("frames that are cut short, of unknown kind or lie about their length are refused", () => {
  for (const { hex } of [golden.avatar, golden.mesh]) {
    const whole = Buffer.from(hex, "hex");
    for (let length = 0; length < whole.length; length++) {
      const cut = new Uint8Array(whole.subarray(0, length)).buffer;
      assert.throws(() => decodeFrame(cut), (error) => error instanceof FrameError);
    }
  }
  const unknown = Buffer.from(golden.avatar.hex, "hex");
  unknown[1] = 9;
  assert.throws(() => decodeFrame(new Uint8Array(unknown).buffer), FrameError);
});
