// Without a headset: walk and look with keys, mouse or fingers; the body's pose is made from it.

import { Raycaster, Vector2, Vector3 } from "three";
import type { Pose } from "../core/messages.ts";
import { inside } from "./room.ts";
import type { Stage } from "./stage.ts";

const SPEED = 1.6; // metres a second
const TURN = 1.8; // radians a second
const EYE = 0.935; // of the stature: eye height, ISO 7250 (about .93 to .94)
const LOOK = 0.0042; // radians a pixel
const TAP = 8; // pixels: less is a tap, not a drag

type Yawed = [number, number, number, number, number, number, number];

/** Where the visitor is: walks, orbits around themself, and answers as a headset would. */
export class Walker {
  x = 0;
  z = 0;
  yaw = 0;
  pitch = -0.08;
  height = 1.7;
  /** Whether they see themself from outside. */
  outside = true;
  onTap: ((ray: Raycaster) => void) | null = null;
  private orbit = 0;
  private distance = 2.6;
  private readonly keys = new Set<string>();
  private readonly stage: Stage;
  private readonly pointers = new Map<number, { x: number; y: number; moved: number }>();
  private pinch = 0;

  constructor(stage: Stage, canvas: HTMLCanvasElement) {
    this.stage = stage;
    const typing = (event: KeyboardEvent) => event.target instanceof HTMLInputElement;
    addEventListener("keydown", (event) => {
      if (!typing(event)) this.keys.add(event.code);
      if (event.code === "KeyV" && !typing(event)) this.outside = !this.outside;
    });
    addEventListener("keyup", (event) => this.keys.delete(event.code));
    addEventListener("blur", () => this.keys.clear());
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.pointers.set(event.pointerId, { x: event.clientX, y: event.clientY, moved: 0 });
    });
    canvas.addEventListener("pointermove", (event) => this.drag(event));
    const up = (event: PointerEvent) => {
      const pointer = this.pointers.get(event.pointerId);
      this.pointers.delete(event.pointerId);
      this.pinch = 0;
      if (pointer && pointer.moved < TAP && event.type === "pointerup") this.tap(event);
    };
    canvas.addEventListener("pointerup", up);
    canvas.addEventListener("pointercancel", up);
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.zoom(Math.exp(event.deltaY * 0.001));
    }, { passive: false });
  }

  /** Walk for `seconds`, and put the camera where it belongs. */
  update(seconds: number): void {
    const key = (...names: string[]) => (names.some((name) => this.keys.has(name)) ? 1 : 0);
    this.yaw += (key("ArrowLeft", "KeyQ") - key("ArrowRight", "KeyE")) * TURN * seconds;
    const ahead = key("KeyW", "ArrowUp") - key("KeyS", "ArrowDown");
    const aside = key("KeyD") - key("KeyA");
    const length = Math.hypot(ahead, aside);
    if (length) {
      const step = (SPEED * seconds) / length;
      const [sin, cos] = [Math.sin(this.yaw), Math.cos(this.yaw)];
      this.go(
        this.x + (aside * cos - ahead * sin) * step,
        this.z + (-aside * sin - ahead * cos) * step,
      );
      this.orbit *= Math.exp(-2 * seconds);
    }
    const { camera, rig } = this.stage;
    rig.position.set(0, 0, 0);
    rig.rotation.set(0, 0, 0);
    const eye = this.height * EYE;
    const around = this.yaw + this.orbit;
    if (!this.outside) {
      camera.position.set(this.x, eye, this.z);
      camera.rotation.set(this.pitch, around, 0, "YXZ");
      return;
    }
    const chest = new Vector3(this.x, this.height * 0.5, this.z);
    const flat = Math.cos(this.pitch) * this.distance;
    camera.position.set(
      this.x + Math.sin(around) * flat,
      Math.max(0.15, chest.y - Math.sin(this.pitch) * this.distance),
      this.z + Math.cos(around) * flat,
    );
    camera.lookAt(chest);
  }

  /** The pose that a headset would have sent; hands hang. */
  pose(time: number, seq: number): Pose {
    const half = this.yaw / 2;
    const breath = Math.sin(time * 1.6) * 0.003;
    const head: Yawed = [
      this.x, this.height * EYE + breath, this.z, 0, Math.sin(half), 0, Math.cos(half),
    ];
    return { type: "pose", time, seq, head };
  }

  /** Turn around to see one's own front. */
  faceCamera(): void {
    this.outside = true;
    this.orbit = Math.PI;
    this.pitch = -0.05;
  }

  private go(x: number, z: number): void {
    const plan = this.stage.plan;
    if (!plan || inside(plan.outline, x, z)) [this.x, this.z] = [x, z];
    else if (inside(plan.outline, x, this.z)) this.x = x;
    else if (inside(plan.outline, this.x, z)) this.z = z;
  }

  private zoom(factor: number): void {
    this.distance = Math.max(0.6, Math.min(6, this.distance * factor));
  }

  private drag(event: PointerEvent): void {
    const pointer = this.pointers.get(event.pointerId);
    if (!pointer) return;
    const dx = event.clientX - pointer.x;
    const dy = event.clientY - pointer.y;
    Object.assign(pointer, {
      x: event.clientX, y: event.clientY, moved: pointer.moved + Math.abs(dx) + Math.abs(dy),
    });
    if (this.pointers.size > 1) {
      const [a, b] = [...this.pointers.values()];
      const span = Math.hypot(a!.x - b!.x, a!.y - b!.y);
      if (this.pinch) this.zoom(this.pinch / span);
      this.pinch = span;
      return;
    }
    this.orbit -= dx * LOOK;
    this.pitch = Math.max(-1.2, Math.min(1.2, this.pitch - dy * LOOK));
  }

  private tap(event: PointerEvent): void {
    const ray = new Raycaster();
    const at = new Vector2((event.clientX / innerWidth) * 2 - 1, 1 - (event.clientY / innerHeight) * 2);
    ray.setFromCamera(at, this.stage.camera);
    this.onTap?.(ray);
  }
}
