import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { CHUNK, Chunker, encodeAudio, RATE } from "../src/core/audio.ts";

const golden = JSON.parse(readFileSync(process.env["SHOWROOM_GOLDEN"]!, "utf-8"));

test("a chunk of samples is the server's", () => {
  const { seq, samples, hex } = golden.audio;
  assert.equal(Buffer.from(encodeAudio(seq, Int16Array.from(samples))).toString("hex"), hex);
});

for (const rate of [16_000, 22_050, 44_100, 48_000, 96_000]) {
  test(`a tone at ${rate} Hz becomes the same tone at 16 kHz`, () => {
    const out: number[] = [];
    const sizes = new Set<number>();
    const chunker = new Chunker(rate, (chunk) => {
      sizes.add(chunk.length);
      out.push(...chunk);
    });
    const seconds = 0.5;
    const heard = Float32Array.from({ length: rate * seconds }, (_, i) =>
      0.5 * Math.sin((2 * Math.PI * 440 * i) / rate),
    );
    for (let i = 0; i < heard.length; i += 1000) chunker.put(heard.subarray(i, i + 1000));
    assert.deepEqual([...sizes], [CHUNK]);
    chunker.flush();
    assert.ok(Math.abs(out.length - RATE * seconds) <= 1, `${out.length} samples`);
    // The mean over a sample's time is the tone in the middle of that time.
    const late = (0.5 * rate) / RATE - 0.5;
    out.forEach((sample, i) => {
      const wanted = 0.5 * Math.sin((2 * Math.PI * 440 * ((i * rate) / RATE + late)) / rate) * 32767;
      assert.ok(Math.abs(sample - wanted) < 0.05 * 32767, `sample ${i}: ${sample}, not ${wanted}`);
    });
  });
}
