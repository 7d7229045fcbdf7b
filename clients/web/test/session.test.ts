import assert from "node:assert/strict";
import { createServer, connect } from "node:net";
import type { Socket } from "node:net";
import { test } from "node:test";
import { Connection, ConnectionError } from "../src/core/connection.ts";
import type { Arrival } from "../src/core/connection.ts";

// A server of tests/clients/test_web.py, whose visit answers "<how many>: <text>".
const port = Number(process.env["SHOWROOM_PORT"]);

interface Road {
  url: string;
  cut: () => void;
  close: () => void;
}

/** A way to the server that can be cut, after some bytes or at once. */
async function road(bytes: () => number): Promise<Road> {
  const open = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(port, "127.0.0.1");
    let left = bytes();
    for (const [from, to] of [[near, far], [far, near]] as const) {
      open.add(from);
      from.on("error", () => to.destroy());
      from.on("close", () => to.destroy());
      from.on("data", (data) => {
        to.write(data.subarray(0, Math.max(0, left)));
        left -= data.length;
        if (left <= 0) {
          near.destroy();
          far.destroy();
        }
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port: own } = server.address() as { port: number };
  const cut = () => open.forEach((socket) => socket.destroy());
  return {
    url: `ws://127.0.0.1:${own}`,
    cut,
    close: () => {
      server.close();
      cut();
    },
  };
}

function texts(updates: Arrival[]): string[] {
  return updates.flatMap((update) => (update.type === "reply" ? [update.text] : []));
}

test("a question is answered, in order, and the end is told", async () => {
  const seen: Arrival[] = [];
  const client = new Connection({
    url: `ws://127.0.0.1:${port}`,
    hello: { client: "test/1", lang: "zh" },
    onUpdate: (update) => seen.push(update),
  });
  const welcome = await client.open();
  assert.ok(welcome.capabilities!.includes("resume"));
  const answer = await client.ask({ type: "utterance", id: "u1", text: "你好", lang: "zh" });
  assert.deepEqual(answer.map((u) => u.type), ["reply", "done"]);
  assert.deepEqual(texts(answer), ["1: 你好"]);
  const refused = await client.ask({ type: "body", id: "b1", height: 1.7 });
  assert.equal(refused.at(-1)!.type, "error");
  assert.deepEqual(seen.slice(0, 2).map((u) => u.type), ["welcome", "room_shown"]);
  client.close();
  assert.equal(client.state, "closed");
});

test("what is asked on hearing of the welcome, or before it, goes out once", async () => {
  const seen: Arrival[] = [];
  const client = new Connection({
    url: `ws://127.0.0.1:${port}`,
    onUpdate: (update) => {
      seen.push(update);
      if (update.type === "welcome") client.send({ type: "utterance", id: "at", text: "at once" });
    },
  });
  const opened = client.open();
  const before = client.ask({ type: "utterance", id: "before", text: "before" });
  await opened;
  assert.deepEqual(texts(await before), ["2: before"]);
  await client.ask({ type: "utterance", id: "after", text: "after" });
  assert.deepEqual(texts(seen), ["1: at once", "2: before", "3: after"]);
  assert.ok(seen.every((update) => update.type !== "error"));
  client.close();
});

test("poses bring the avatar and mesh frames with credits", async () => {
  let frames = 0;
  let poses = 0;
  const client = new Connection({
    url: `ws://127.0.0.1:${port}`,
    onUpdate: (update) => {
      if (update.type === "avatar_pose") poses += 1;
      if (update.type !== "mesh_frame") return;
      frames += 1;
      assert.equal(update.positions.length, 15000);
      assert.ok(update.positions.every((p) => Math.abs(p - update.time) <= 0.000126));
      client.shown(update);
    },
  });
  await client.open();
  for (let seq = 1; seq <= 2000 && (poses < 6 || frames < 6); seq++) {
    client.send({ type: "pose", time: seq / 60, seq, head: [0, 1.6, 0, 0, 0, 0, 1] });
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await client.ask({ type: "ping", id: "p", time: 1 });
  client.close();
  assert.ok(poses >= 6 && frames >= 6, `${poses} poses, ${frames} frames`);
});

test("a connection cut again and again loses and doubles nothing", async () => {
  let roads = 0; // The first lasts until the welcome, at least.
  const way = await road(() => (roads++ ? 500 : 3000) + ((roads * 397) % 1100));
  const client = new Connection({ url: way.url, patience: 20, onUpdate: () => {} });
  try {
    await client.open();
    const answers: string[] = [];
    for (let i = 1; i <= 80; i++) {
      const answer = await client.ask({ type: "utterance", id: `u${i}`, text: `say ${i}` });
      answers.push(...texts(answer));
    }
    assert.deepEqual(answers, Array.from({ length: 80 }, (_, i) => `${i + 1}: say ${i + 1}`));
    assert.ok(client.resumed > 3, `resumed ${client.resumed} times`);
  } finally {
    client.close();
    way.close();
  }
});

test("who finds nobody, or is refused, is told why", async () => {
  const nobody = new Connection({ url: "ws://127.0.0.1:1", onUpdate: () => {} });
  await assert.rejects(nobody.open(), (e) => e instanceof ConnectionError && e.field === "url");
  const old = new Connection({
    url: `ws://127.0.0.1:${port}`,
    hello: { version: 99 },
    onUpdate: () => {},
  });
  await assert.rejects(old.open(), (e) => e instanceof ConnectionError && e.field === "version");
  await assert.rejects(old.ask({ type: "utterance", id: "u", text: "?" }), ConnectionError);
});
