// GLBs by hash: fetched once, checked, parsed.

import { GLTFLoader } from "three/addons/loaders/GLTFLoader.js";
import type { Group } from "three";

const KEPT = 24;

/** Fetches `/asset/<hash>.glb` beside the websocket. */
export class Assets {
  private readonly loader = new GLTFLoader();
  private readonly bytes = new Map<string, Promise<ArrayBuffer>>();
  private readonly origin: string;
  private readonly token: string;

  constructor(origin: string, token: string) {
    this.origin = origin;
    this.token = token;
  }

  /** A fresh scene graph of the GLB under a hash. */
  async load(hash: string): Promise<Group> {
    let bytes = this.bytes.get(hash);
    if (!bytes) {
      bytes = this.fetch(hash);
      this.bytes.set(hash, bytes);
      bytes.catch(() => this.bytes.delete(hash));
      const oldest = this.bytes.keys().next().value;
      if (this.bytes.size > KEPT && oldest !== undefined) this.bytes.delete(oldest);
    }
    const parsed = await this.loader.parseAsync((await bytes).slice(0), "");
    return parsed.scene;
  }

  private async fetch(hash: string): Promise<ArrayBuffer> {
    const headers: Record<string, string> = this.token
      ? { Authorization: `Bearer ${this.token}` }
      : {};
    const response = await fetch(`${this.origin}/asset/${hash}.glb`, { headers });
    if (!response.ok) throw new Error(`the asset ${hash} is not to be had: ${response.status}`);
    return response.arrayBuffer();
  }
}
