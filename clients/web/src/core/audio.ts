// A microphone's samples as the protocol takes them: 16 kHz, mono, 16 bits, 20 ms a chunk.

import { MAGIC } from "./compact.ts";

const AUDIO = 4;
export const RATE = 16_000;
export const CHUNK = RATE / 50;

/** A chunk as a compact frame. */
export function encodeAudio(seq: number, samples: Int16Array): ArrayBuffer {
  const buffer = new ArrayBuffer(8 + 2 * samples.length);
  const view = new DataView(buffer);
  view.setUint8(0, MAGIC);
  view.setUint8(1, AUDIO);
  view.setUint32(4, seq, true);
  samples.forEach((sample, i) => view.setInt16(8 + 2 * i, sample, true));
  return buffer;
}

/**
 * From a microphone's rate to 16 kHz chunks.
 *
 * Each sample is the mean of what the microphone gave in its time, which also keeps away what is too
 * high for the new rate, well enough for speech.
 */
export class Chunker {
  private readonly step: number;
  private readonly take: (chunk: Int16Array) => void;
  private chunk = new Int16Array(CHUNK);
  private filled = 0;
  private sum = 0;
  private left: number;

  constructor(rate: number, take: (chunk: Int16Array) => void) {
    this.step = this.left = rate / RATE;
    this.take = take;
  }

  /** Samples from -1 to 1. */
  put(samples: Float32Array): void {
    for (const sample of samples) {
      let weight = 1;
      while (weight >= this.left) {
        this.push((this.sum + sample * this.left) / this.step);
        weight -= this.left;
        this.sum = 0;
        this.left = this.step;
      }
      this.sum += sample * weight;
      this.left -= weight;
    }
  }

  /** What is left of a chunk. */
  flush(): void {
    if (this.filled) this.take(this.chunk.slice(0, this.filled));
    this.filled = 0;
  }

  private push(sample: number): void {
    this.chunk[this.filled++] = Math.max(-1, Math.min(1, sample)) * 32767;
    if (this.filled < CHUNK) return;
    this.take(this.chunk);
    this.chunk = new Int16Array(CHUNK);
    this.filled = 0;
  }
}
