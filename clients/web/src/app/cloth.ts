// A worn garment: its vertices come from the server, its normals are made here.

import { BufferAttribute, Group, Mesh } from "three";
import type { Object3D } from "three";

/** Lets the vertices of a GLB's one shared POSITION accessor be replaced frame by frame. */
export class Cloth {
  readonly root = new Group();
  private readonly positions: BufferAttribute;
  private readonly normals: BufferAttribute;
  private readonly triangles: Uint32Array;

  /** `scene` is the GLB's; throws if it holds no mesh. */
  constructor(scene: Group) {
    const loaded: Mesh[] = [];
    scene.traverse((object: Object3D) => {
      if (object instanceof Mesh) loaded.push(object);
    });
    const first = loaded[0];
    if (!first) throw new Error("a garment without a mesh");
    const count = first.geometry.attributes["position"]!.count;
    this.positions = new BufferAttribute(new Float32Array(3 * count), 3);
    this.normals = new BufferAttribute(new Float32Array(3 * count), 3);
    const indices: number[] = [];
    for (const { geometry, material } of loaded) {
      // In the play space already: no node may move it, and no bone.
      geometry.setAttribute("position", this.positions);
      geometry.setAttribute("normal", this.normals);
      const mesh = new Mesh(geometry, material);
      mesh.frustumCulled = false;
      mesh.castShadow = mesh.receiveShadow = true;
      this.root.add(mesh);
      if (geometry.index) for (const i of geometry.index.array) indices.push(i);
    }
    this.triangles = Uint32Array.from(indices);
    this.root.visible = false; // until the first frame
  }

  /** Show vertices (x, y, z of each, metres, play space); false if they are of another mesh. */
  show(from: Float32Array, to: Float32Array, share: number): boolean {
    const out = this.positions.array as Float32Array;
    if (to.length !== out.length || from.length !== out.length) return false;
    if (share >= 1) out.set(to);
    else for (let i = 0; i < out.length; i++) out[i] = from[i]! + (to[i]! - from[i]!) * share;
    this.shade(out, this.normals.array as Float32Array);
    this.positions.needsUpdate = true;
    this.normals.needsUpdate = true;
    this.root.visible = true;
    return true;
  }

  /** Area-weighted vertex normals. */
  private shade(p: Float32Array, out: Float32Array): void {
    out.fill(0);
    const t = this.triangles;
    for (let i = 0; i < t.length; i += 3) {
      const a = 3 * t[i]!;
      const b = 3 * t[i + 1]!;
      const c = 3 * t[i + 2]!;
      const ux = p[b]! - p[a]!;
      const uy = p[b + 1]! - p[a + 1]!;
      const uz = p[b + 2]! - p[a + 2]!;
      const vx = p[c]! - p[a]!;
      const vy = p[c + 1]! - p[a + 1]!;
      const vz = p[c + 2]! - p[a + 2]!;
      const nx = uy * vz - uz * vy;
      const ny = uz * vx - ux * vz;
      const nz = ux * vy - uy * vx;
      for (const v of [a, b, c]) {
        out[v]! += nx;
        out[v + 1]! += ny;
        out[v + 2]! += nz;
      }
    }
    for (let i = 0; i < out.length; i += 3) {
      const length = Math.hypot(out[i]!, out[i + 1]!, out[i + 2]!) || 1;
      out[i]! /= length;
      out[i + 1]! /= length;
      out[i + 2]! /= length;
    }
  }
}
