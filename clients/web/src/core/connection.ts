// One visitor's connection: greets, sends events, hands out updates, and comes back by itself.

import { encodeAudio } from "./audio.ts";
import { decodeFrame, encodePose, FrameError } from "./compact.ts";
import type { Vertices } from "./compact.ts";
import { BaseError, isDifference, MeshDecoder, takesDifferences } from "./meshes.ts";
import { SUBPROTOCOL } from "./messages.ts";
import type { EventMessage, Hello, MeshFrame, Pose, UpdateMessage, Welcome } from "./messages.ts";

/** An update as it is handed out: mesh frames with their vertices unpacked. */
export type Arrival = Exclude<UpdateMessage, MeshFrame> | Vertices;
export type State = "connecting" | "open" | "resuming" | "closed";

/** Why there is no connection, in words for a person. */
export class ConnectionError extends Error {
  readonly field: string;
  constructor(message: string, field = "") {
    super(message);
    this.field = field;
  }
}

export interface Options {
  url: string;
  hello?: Partial<Hello>;
  /** Every update, in order; frames included. */
  onUpdate: (update: Arrival) => void;
  onState?: (state: State, reason: string) => void;
  /** Seconds in which to come back after the connection broke. */
  patience?: number;
}

type Sent = EventMessage & { id?: string };

interface Question {
  updates: Arrival[];
  done: (updates: Arrival[]) => void;
  failed: (error: ConnectionError) => void;
}

const CONFIRM_EVERY = 16;
const FIRST_PAUSE = 0.05;
const LONGEST_PAUSE = 2;

/**
 * The client's side of `showroom.v1`.
 *
 * What was asked and not answered when the connection broke is asked again with the same id; the
 * server does nothing twice. Updates that were missed arrive after the new welcome.
 */
export class Connection {
  welcome: Welcome | null = null;
  state: State = "closed";
  /** How often the visit went on after a break. */
  resumed = 0;
  private readonly options: Options;
  private socket: WebSocket | null = null;
  private have = 0;
  private unanswered = new Map<string, Sent>();
  private asked = new Map<string, Question>();
  private greeted = false;
  private broke = 0;
  private pause = FIRST_PAUSE;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private left = false;

  constructor(options: Options) {
    this.options = options;
  }

  /** Connect; resolves with the welcome, rejects when the server refuses or nobody answers. */
  open(): Promise<Welcome> {
    this.left = this.greeted = false;
    this.welcome = null;
    this.enter("connecting", "");
    return new Promise((resolve, reject) => this.connect(resolve, reject));
  }

  /** Send an event. One that has an `id` is sent again after a break until it is answered. */
  send(event: EventMessage): void {
    const sent: Sent = event;
    // A microphone's stream does not outlive its connection: it is not begun again.
    if (sent.id && !["hello", "ping", "audio-start"].includes(event.type)) {
      this.unanswered.set(sent.id, sent);
    }
    if (this.state === "open") this.write(event);
  }

  /** Send an event that has an `id`; resolves with everything that answers it, refusals too. */
  ask(event: EventMessage & { id: string }): Promise<Arrival[]> {
    return new Promise((resolve, reject) => {
      if (this.state === "closed") {
        reject(new ConnectionError("the connection is closed"));
        return;
      }
      this.asked.set(event.id, { updates: [], done: resolve, failed: reject });
      this.send(event);
    });
  }

  /** Samples of the microphone: after an "audio-start", until an "audio-stop". */
  hear(seq: number, samples: Int16Array): void {
    if (this.state === "open" && this.socket?.readyState === 1) {
      this.socket.send(encodeAudio(seq, samples));
    }
  }

  /** The mesh frame is shown: the next one may come. */
  shown(frame: Vertices): void {
    this.send({ type: "ack", target: frame.target, frame: frame.frame });
  }

  /** Leave. Without `goodbye` the visit is held for a while and can be resumed. */
  close(goodbye = true): void {
    this.left = true;
    clearTimeout(this.timer);
    if (goodbye && this.state === "open") this.write({ type: "bye" });
    this.socket?.close(1000);
    this.end(new ConnectionError("the client left"));
  }

  private connect(resolve?: (w: Welcome) => void, reject?: (e: ConnectionError) => void): void {
    const socket = new WebSocket(this.options.url, SUBPROTOCOL);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    let greeted = false;
    const meshes = new MeshDecoder();
    let unpacking = Promise.resolve();
    const unpack = async (data: ArrayBuffer): Promise<void> => {
      try {
        const frame = await meshes.decode(data);
        if (socket === this.socket) this.take(frame);
      } catch (error) {
        if (!(error instanceof FrameError)) throw error;
        // A whole frame follows where this one built on one of another connection.
        if (error instanceof BaseError) this.write({ type: "ack", target: error.target, frame: 0 });
      }
    };
    socket.onopen = () => {
      const hello: Hello = { type: "hello", client: "web/1", ...this.options.hello };
      if (takesDifferences) hello.want = [...(hello.want ?? []), "delta"];
      if (this.welcome?.resume) Object.assign(hello, { resume: this.welcome.resume, have: this.have });
      this.write(hello);
    };
    socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
      if (typeof data !== "string" && isDifference(data)) {
        unpacking = unpacking.then(() => unpack(data));
        return;
      }
      const update = this.read(data);
      if (!update || socket !== this.socket) return;
      if (greeted) {
        this.take(update);
      } else if (update.type === "welcome") {
        greeted = true;
        this.greet(update);
        resolve?.(update);
      } else if (update.type === "error" && update.code === "resume" && this.welcome) {
        // The visit was held no longer: begin a new one; what was asked is asked there.
        this.welcome = null;
        socket.onclose = null;
        socket.close();
        this.connect(resolve, reject);
      } else {
        const why = update.type === "error" ? update : { message: "no welcome came", field: "" };
        const error = new ConnectionError(why.message, why.field ?? "");
        this.left = true;
        socket.close();
        this.end(error);
        reject?.(error);
      }
    };
    socket.onclose = () => {
      if (socket !== this.socket || this.left) return;
      if (!this.greeted) {
        const error = new ConnectionError(`nobody answers at ${this.options.url}`, "url");
        this.end(error);
        reject?.(error);
        return;
      }
      this.comeBack(greeted);
    };
  }

  private greet(welcome: Welcome): void {
    this.greeted = true;
    this.welcome = welcome;
    this.pause = FIRST_PAUSE;
    this.broke = 0;
    if (welcome.resumed) this.resumed += 1;
    else this.have = 0;
    const open = [...this.unanswered.values()]; // what is asked on hearing of it goes out by itself
    this.enter("open", "");
    this.options.onUpdate(welcome);
    for (const event of open) this.write(event);
  }

  private take(update: Arrival): void {
    const n = "n" in update ? update.n : 0;
    if (n) {
      if (n <= this.have) return;
      this.have = n;
      if (n % CONFIRM_EVERY === 0) this.write({ type: "received", upto: n });
    }
    this.options.onUpdate(update);
    const ref = "ref" in update ? update.ref : "";
    if (!ref) return;
    const last = update.type === "done" || update.type === "error" || update.type === "pong";
    if (last) this.unanswered.delete(ref);
    const asked = this.asked.get(ref);
    if (!asked) return;
    asked.updates.push(update);
    if (last) {
      this.asked.delete(ref);
      asked.done(asked.updates);
    }
  }

  private comeBack(wasOpen: boolean): void {
    if (wasOpen) this.broke = performance.now();
    const patience = this.options.patience ?? 30;
    if ((performance.now() - this.broke) / 1000 > patience) {
      this.end(new ConnectionError("the connection is lost"));
      return;
    }
    this.enter("resuming", "the connection broke");
    this.timer = setTimeout(() => this.connect(), this.pause * 1000);
    this.pause = Math.min(LONGEST_PAUSE, this.pause * 2);
  }

  private read(data: string | ArrayBuffer): Arrival | null {
    try {
      if (typeof data !== "string") return decodeFrame(data);
      return JSON.parse(data) as Arrival;
    } catch (error) {
      if (error instanceof FrameError || error instanceof SyntaxError) return null;
      throw error;
    }
  }

  private write(event: EventMessage): void {
    if (this.socket?.readyState !== 1) return;
    const frame = event.type === "pose" ? encodePose(event as Pose) : null;
    this.socket.send(frame ?? JSON.stringify(event));
  }

  private enter(state: State, reason: string): void {
    this.state = state;
    this.options.onState?.(state, reason);
  }

  private end(error: ConnectionError): void {
    this.enter("closed", error.message);
    for (const question of this.asked.values()) question.failed(error);
    this.asked.clear();
    this.unanswered.clear();
  }
}
