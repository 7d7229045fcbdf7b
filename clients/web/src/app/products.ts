// The products of the room: loaded by hash, placed, changed, worn.

import { Box3, CylinderGeometry, Group, Mesh, MeshStandardMaterial, Raycaster, Vector3 } from "three";
import type { Object3D, Scene } from "three";
import { changed } from "../core/changed.ts";
import { History } from "../core/history.ts";
import type { Clocks } from "../core/history.ts";
import type { ProductChanged, ProductShown } from "../core/messages.ts";
import type { Seven, Vertices } from "../core/compact.ts";
import type { Assets } from "./assets.ts";
import { Cloth } from "./cloth.ts";
import { isOthers, whose } from "./companions.ts";

interface Standing {
  shown: ProductShown;
  glb: string;
  root: Group | null;
  cloth: Cloth | null;
  /** What is to be seen until the new cloth has its first frame. */
  before: Group | null;
  frames: History<Vertices>;
}

function place(object: Object3D, transform: Seven): void {
  object.position.fromArray(transform);
  object.quaternion.fromArray(transform, 3);
  const [bar, foot] = object.children.filter((child) => child.name === "stand");
  if (!bar || !foot) return;
  const length = Math.max(0.05, bar.userData["top"] + transform[1]);
  bar.scale.y = length;
  bar.position.y = length / 2 - transform[1];
  foot.position.y = 0.009 - transform[1];
}

/** A garment hangs from a stand: a bar behind it, down to the floor. */
function hang(root: Group): void {
  const box = new Box3().setFromObject(root);
  const size = box.getSize(new Vector3());
  const metal = new MeshStandardMaterial({ color: "#b9986a", roughness: 0.3, metalness: 0.9 });
  const top = box.max.y - 0.05 * size.y;
  const behind = box.min.z - 0.02;
  const bar = new Mesh(new CylinderGeometry(0.011, 0.011, 1, 16), metal);
  const foot = new Mesh(new CylinderGeometry(0.17, 0.18, 0.018, 40), metal);
  bar.name = foot.name = "stand";
  root.add(bar, foot);
  // Its length is known where it stands; see place().
  bar.userData["top"] = top;
  bar.position.set(0, top, behind);
  foot.position.set(0, 0, behind);
}

export class Products {
  private readonly all = new Map<string, Standing>();
  private readonly scene: Scene;
  private readonly assets: Assets;
  private readonly onCredit: (frame: Vertices) => void;

  private readonly clocks: Clocks;

  /** `onCredit` is called when a mesh frame may be followed by the next. */
  constructor(
    scene: Scene, assets: Assets, clocks: Clocks, onCredit: (frame: Vertices) => void,
  ) {
    this.scene = scene;
    this.assets = assets;
    this.clocks = clocks;
    this.onCredit = onCredit;
  }

  get(target: string): ProductShown | undefined {
    return this.all.get(target)?.shown;
  }

  get worn(): ProductShown | undefined {
    return [...this.all.values()].find((p) => p.shown.worn && !isOthers(p.shown.target))?.shown;
  }

  list(): ProductShown[] {
    return [...this.all.values()].map((p) => p.shown);
  }

  /** Whether a product has been loaded and is drawn. */
  seen(target: string): boolean {
    return this.all.get(target)?.root?.visible ?? false;
  }

  async show(update: ProductShown): Promise<void> {
    const standing = this.all.get(update.target);
    if (standing) standing.shown = update;
    else {
      this.all.set(update.target, {
        shown: update, glb: "", root: null, cloth: null, before: null,
        frames: new History<Vertices>(this.clocks.of(whose(update.target))),
      });
    }
    await this.fetch(update.target, update.glb);
  }

  async change(update: ProductChanged): Promise<void> {
    const standing = this.all.get(update.target);
    if (!standing) return;
    standing.shown = changed(standing.shown, update);
    if (update.glb) await this.fetch(update.target, update.glb);
    else if (standing.root && !standing.cloth) place(standing.root, update.transform);
  }

  remove(target: string): void {
    const standing = this.all.get(target);
    this.all.delete(target);
    standing?.frames.clear();
    if (standing?.root) this.discard(standing.root);
    if (standing?.before) this.discard(standing.before);
  }

  clear(): void {
    for (const target of [...this.all.keys()]) this.remove(target);
  }

  /** Vertices of a worn garment. */
  take(frame: Vertices, now: number): void {
    const standing = this.all.get(frame.target);
    if (standing && standing.glb === frame.glb) standing.frames.add(frame.time, frame, now);
    this.onCredit(frame);
  }

  /** `guest`: the room is somebody else's, and one's own furniture is not in it. */
  update(now: number, guest = false): void {
    for (const standing of this.all.values()) {
      const { root, shown } = standing;
      if (root && !shown.worn) root.visible = !guest || isOthers(shown.target);
      const { cloth, frames, before } = standing;
      const moment = cloth ? frames.at(now) : null;
      if (!moment || !cloth) continue;
      const { from, to, share } = moment;
      if (cloth.show(from.positions, to.positions, share) && before) {
        standing.before = null;
        this.discard(before);
      }
    }
  }

  /** The product that a ray meets first, and where. */
  pick(ray: Raycaster): { target: string; point: Vector3 } | null {
    let best: { target: string; point: Vector3; distance: number } | null = null;
    for (const [target, { root, shown }] of this.all) {
      if (!root?.visible || shown.worn) continue; // a guest touches what stands in the host's room
      for (const hit of ray.intersectObject(root, true)) {
        if (!best || hit.distance < best.distance) {
          best = { target, point: hit.point, distance: hit.distance };
        }
      }
    }
    return best;
  }

  /** The middle of a product's box, for looking at it. */
  middle(target: string): Vector3 | null {
    const root = this.all.get(target)?.root;
    return root ? new Box3().setFromObject(root).getCenter(new Vector3()) : null;
  }

  private async fetch(target: string, glb: string): Promise<void> {
    const standing = this.all.get(target);
    if (!standing) return;
    const { worn, transform } = standing.shown;
    if (standing.glb === glb && standing.root && worn === (standing.cloth !== null)) {
      if (!worn) place(standing.root, transform);
      return;
    }
    standing.glb = glb;
    let root = await this.assets.load(glb);
    if (standing.glb !== glb || this.all.get(target) !== standing) return;
    root.traverse((object) => {
      if (object instanceof Mesh) object.castShadow = object.receiveShadow = true;
    });
    const old = standing.root;
    standing.frames.clear();
    if (standing.before) this.discard(standing.before);
    standing.before = null;
    if (standing.shown.worn) {
      const wasWorn = standing.cloth !== null;
      standing.cloth = new Cloth(root);
      root = standing.cloth.root;
      if (wasWorn) standing.before = old;
    } else {
      standing.cloth = null;
      if (standing.shown.kind === "garment") hang(root);
      place(root, standing.shown.transform);
    }
    standing.root = root;
    this.scene.add(root);
    if (old && old !== standing.before) this.discard(old);
  }

  private discard(root: Group): void {
    root.removeFromParent();
    root.traverse((object) => {
      if (!(object instanceof Mesh)) return;
      object.geometry.dispose();
      for (const material of [object.material].flat()) {
        for (const value of Object.values(material)) {
          if (value && typeof value === "object" && "isTexture" in value) {
            (value as unknown as { dispose: () => void }).dispose();
          }
        }
        material.dispose();
      }
    });
  }
}
