// What arrives in bursts, shown smoothly: a short history, played a moment later.

interface Sample<T> {
  time: number;
  value: T;
}

/** So many seconds earlier than what was shown, a sample is of a sender whose clock began anew. */
const ANEW = 5;

/** So far apart, in seconds, samples no longer belong to one movement: nobody waits for them. */
const PAUSE = 0.15;

/**
 * The moment to show of all that one sender's clock stamps, such as a body and what it wears.
 *
 * The delay between both clocks is the smallest seen lately, so that a late sample does not pull
 * the picture back; `lag` seconds are added to bridge jitter, more where samples come more rarely.
 * No history is shown later than the newest sample of the others, or skin would leave its sleeve.
 */
export class SenderClock {
  private offset = Infinity;
  private shown = -Infinity;
  private lag: number;
  private readonly least: number;
  private readonly newest = new Map<object, number>();

  constructor(lag = 0.03) {
    this.least = this.lag = lag;
  }

  /** A sample of `time` has come for one of the histories. */
  hear(of: object, time: number, now: number): void {
    if (time < this.shown - ANEW) this.restart();
    // Lets go of the smallest offset slowly: clocks drift.
    this.offset = Math.min(this.offset + 0.0005, now - time);
    const before = this.newest.get(of);
    this.newest.set(of, time);
    if (before === undefined) return;
    const age = now - this.offset - before; // of what was to be shown until now
    this.lag = Math.max(this.least, age < PAUSE ? age : 0, this.lag - 0.0005);
  }

  /** The moment to show, by the sender's clock; never an earlier one than before. */
  at(now: number): number {
    let moment = now - this.offset - this.lag;
    for (const newest of this.newest.values()) {
      if (moment - newest < PAUSE) moment = Math.min(moment, newest);
    }
    return (this.shown = Math.max(this.shown, moment));
  }

  /** One history has ended; the others do not wait for it. */
  forget(of: object): void {
    this.newest.delete(of);
  }

  /** The sender's clock began anew. */
  restart(): void {
    this.newest.clear();
    this.offset = Infinity;
    this.shown = -Infinity;
    this.lag = this.least;
  }
}

/** One clock for each person in the room; the visitor's own name is "". */
export class Clocks {
  private readonly all = new Map<string, SenderClock>();

  of(who: string): SenderClock {
    let clock = this.all.get(who);
    if (!clock) this.all.set(who, (clock = new SenderClock()));
    return clock;
  }
}

/** Samples by the sender's clock, asked for by ours. */
export class History<T> {
  private samples: Sample<T>[] = [];
  private readonly clock: SenderClock;
  private readonly keep: number;

  constructor(clock = new SenderClock(), keep = 16) {
    this.clock = clock;
    this.keep = keep;
  }

  /** Take a sample; older ones than the last are left out. */
  add(time: number, value: T, now: number): void {
    const last = this.samples[this.samples.length - 1];
    if (last && time <= last.time) {
      if (last.time - time < ANEW) return;
      this.clear();
      this.clock.restart();
    }
    this.clock.hear(this, time, now);
    this.samples.push({ time, value });
    if (this.samples.length > this.keep) this.samples.shift();
  }

  /** The two samples around the moment to show, and how far from the first to the second. */
  at(now: number): { from: T; to: T; share: number } | null {
    const first = this.samples[0];
    if (!first) return null;
    const wanted = this.clock.at(now);
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
    this.clock.forget(this);
  }
}
