// The microphone, streamed to the showroom, which hears by itself.

import { Chunker } from "../core/audio.ts";

/** Whether this browser gives pages a microphone: only to those from this machine or through TLS. */
export const hasMicrophone = navigator.mediaDevices !== undefined && "AudioWorklet" in globalThis;

export class Microphone {
  private context: AudioContext | null = null;
  private stream: MediaStream | null = null;
  private chunker: Chunker | null = null;
  private turn = 0;

  /**
   * Open it: chunks of 20 ms go to `take` until `close`.
   *
   * Rejects where the visitor or the browser says no; false if it was closed meanwhile.
   */
  async open(take: (chunk: Int16Array) => void): Promise<boolean> {
    this.close();
    const turn = ++this.turn;
    // Made before anything is waited for: while the visitor's finger is down it may run.
    const context = (this.context = new AudioContext());
    try {
      const stream = await navigator.mediaDevices.getUserMedia({
        audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true },
      });
      if (turn !== this.turn) {
        stream.getTracks().forEach((track) => track.stop());
        return false;
      }
      this.stream = stream;
      await context.audioWorklet.addModule("listener.js");
      await context.resume();
      if (turn !== this.turn) return false;
    } catch (error) {
      if (turn === this.turn) this.close();
      throw error;
    }
    const chunker = (this.chunker = new Chunker(context.sampleRate, take));
    const node = new AudioWorkletNode(context, "listener", { numberOfOutputs: 0 });
    node.port.onmessage = ({ data }: MessageEvent<Float32Array>) => {
      if (turn === this.turn) chunker.put(data);
    };
    context.createMediaStreamSource(this.stream).connect(node);
    return true;
  }

  close(): void {
    this.turn += 1;
    this.chunker?.flush();
    this.chunker = null;
    this.stream?.getTracks().forEach((track) => track.stop());
    this.stream = null;
    void this.context?.close();
    this.context = null;
  }
}
