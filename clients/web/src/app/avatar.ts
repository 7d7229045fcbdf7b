// The visitor's mannequin, posed by the server's bone rotations.

import { Bone, Quaternion, SkinnedMesh, Vector3 } from "three";
import type { Group } from "three";
import { History } from "../core/history.ts";
import type { SenderClock } from "../core/history.ts";
import type { AvatarPose, AvatarShown } from "../core/messages.ts";
import type { Assets } from "./assets.ts";
import { useEightInfluences } from "./skin.ts";

export class Avatar {
  root: Group | null = null;
  height = 1.7;
  private bones = new Map<string, Bone>();
  private readonly poses: History<AvatarPose>;
  private readonly into: (root: Group, old: Group | null) => void;
  private headless = false;
  private wanted = "";

  /**
   * `into` puts the new mannequin into the scene in place of the old one; `clock` is that of the
   * person, for what they wear too.
   */
  constructor(into: (root: Group, old: Group | null) => void, clock: SenderClock) {
    this.into = into;
    this.poses = new History<AvatarPose>(clock, 32);
  }

  async show(update: AvatarShown, assets: Assets): Promise<void> {
    this.wanted = update.glb;
    const root = await assets.load(update.glb);
    if (this.wanted !== update.glb) return;
    const old = this.root;
    this.root = root;
    this.height = update.height;
    this.bones.clear();
    root.traverse((object) => {
      if (object instanceof Bone) this.bones.set(object.name, object);
      if (!(object instanceof SkinnedMesh)) return;
      useEightInfluences(object);
      object.frustumCulled = false;
      object.castShadow = true;
    });
    root.visible = false; // until the first pose
    this.into(root, old);
  }

  take(pose: AvatarPose, now: number): void {
    this.poses.add(pose.time, pose, now);
  }

  /** Move to where the server's poses say it is now. */
  update(now: number): void {
    const moment = this.poses.at(now);
    if (!moment || !this.root) return;
    this.root.visible = true;
    const { from, to, share } = moment;
    const hips = this.bones.get("hips");
    if (hips) {
      const ground = hips.parent ? hips.parent.getWorldPosition(new Vector3()) : new Vector3();
      hips.position.fromArray(from.root).lerp(new Vector3().fromArray(to.root), share).sub(ground);
    }
    for (const [name, q] of Object.entries(to.rotations)) {
      const bone = this.bones.get(name);
      if (!bone) continue;
      const before = from.rotations[name] ?? q;
      bone.quaternion
        .set(before[0], before[1], before[2], before[3])
        .slerp(new Quaternion(q[0], q[1], q[2], q[3]), share)
        .normalize();
    }
  }

  /** Hide the head from the one who looks out of it. */
  setHeadless(headless: boolean): void {
    this.headless = headless;
    this.bones.get("head")?.scale.setScalar(headless ? 1e-4 : 1);
  }

  /** Draw something, such as a mirror's picture, in which the head is to be seen. */
  withHead(draw: () => void): void {
    const headless = this.headless;
    if (headless) {
      this.setHeadless(false);
      this.moveSkin();
    }
    draw();
    if (!headless) return;
    this.setHeadless(true);
    this.moveSkin();
  }

  /** Bring bone matrices up to date in the middle of a frame. */
  private moveSkin(): void {
    this.root?.updateMatrixWorld(true);
    this.root?.traverse((object) => object instanceof SkinnedMesh && object.skeleton.update());
  }
}
