// What arrives in bursts, shown smoothly: a short history, played a moment later.

interface Sample<T> {
  time: number;
  value: T;
}

/**
 * Samples by the sender's clock, asked for by ours.
 *
 * The delay between both clocks is the smallest seen lately, so that a late sample does not pull
 * the picture back; `lag` seconds are added to bridge jitter.
 */
export class History<T> {
  private samples: Sample<T>[] = [];
  private offset = Infinity;
  private readonly lag: number;
  private readonly keep: number;

  constructor(lag = 0.03, keep = 16) {
    this.lag = lag;
    this.keep = keep;
  }

  /** Take a sample; older ones than the last are left out. */
  add(time: number, value: T, now: number): void {
    const last = this.samples[this.samples.length - 1];
    if (last && time <= last.time) {
      if (last.time - time < 5) return;
      this.clear(); // The sender's clock began anew.
    }
    // Lets go of the smallest offset slowly: clocks drift.
    this.offset = Math.min(this.offset + 0.0005, now - time);
    this.samples.push({ time, value });
    if (this.samples.length > this.keep) this.samples.shift();
  }

  /** The two samples around the moment to show, and how far from the first to the second. */
  at(now: number): { from: T; to: T; share: number } | null {
    const first = this.samples[0];
    if (!first) return null;
    const wanted = now - this.offset - this.lag;
    let before = first;
    for (const sample of this.samples) {
      if (sample.time > wanted) {
        const span = sample.time - before.time;
        const share = span > 0 ? Math.max(0, (wanted - before.time) / span) : 1;
        return { from: before.value, to: sample.value, share };
      }
      before = sample;
    }
    return { from: before.value, to: before.value, share: 1 };
  }

  clear(): void {
    this.samples = [];
    this.offset = Infinity;
  }
}
