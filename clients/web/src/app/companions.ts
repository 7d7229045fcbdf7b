// Those who shop in the same room: their mannequins, and the room's address to pass on.

import type { Scene } from "three";
import type { Clocks } from "../core/history.ts";
import type { AvatarPose, AvatarShown, Company } from "../core/messages.ts";
import type { Assets } from "./assets.ts";
import { Avatar } from "./avatar.ts";

/** Who wears a product: a companion's name, or "" for the visitor. */
export const whose = (target: string): string => target.slice(0, Math.max(0, target.indexOf("/")));

/** Whether a product is a companion's: worn by them, or in the host's room. */
export const isOthers = (target: string): boolean => target.includes("/");

export class Companions {
  /** Whether the room is somebody else's: their furniture is to be seen, not one's own. */
  guest = false;
  private there: string[] = [];
  private readonly avatars = new Map<string, Avatar>();
  private readonly scene: Scene;
  private readonly assets: Assets;

  private readonly clocks: Clocks;

  constructor(scene: Scene, assets: Assets, clocks: Clocks) {
    this.scene = scene;
    this.assets = assets;
    this.clocks = clocks;
  }

  /** The others' names. */
  names(): string[] {
    return this.there;
  }

  async show(update: AvatarShown): Promise<void> {
    const who = update.who!;
    let avatar = this.avatars.get(who);
    if (!avatar) {
      avatar = new Avatar((root, old) => {
        old?.removeFromParent();
        if (this.avatars.get(who) === avatar) this.scene.add(root);
      }, this.clocks.of(who));
      this.avatars.set(who, avatar);
    }
    await avatar.show(update, this.assets);
  }

  take(pose: AvatarPose, now: number): void {
    this.avatars.get(pose.who!)?.take(pose, now);
  }

  /** Who is there now; whoever is not, goes. The page's address leads others into the room. */
  meet(company: Company): void {
    this.guest = company.host !== company.you;
    const names = (company.companions ?? []).map((companion) => companion.name);
    this.there = names.filter((name) => name !== company.you);
    for (const [who, avatar] of this.avatars) {
      if (this.there.includes(who)) continue;
      avatar.root?.removeFromParent();
      this.avatars.delete(who);
    }
    const address = new URL(location.href);
    if (company.room) address.searchParams.set("room", company.room);
    else address.searchParams.delete("room");
    history.replaceState(null, "", address);
  }

  update(now: number): void {
    for (const avatar of this.avatars.values()) avatar.update(now);
  }
}
