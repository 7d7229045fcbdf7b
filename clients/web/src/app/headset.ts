// A headset through WebXR: poses, teleport, turning, pointing, talking.

import {
  BufferGeometry,
  Line,
  LineBasicMaterial,
  Matrix4,
  Mesh,
  MeshBasicMaterial,
  Quaternion,
  Raycaster,
  RingGeometry,
  Vector3,
} from "three";
import type { XRTargetRaySpace } from "three";
import type { Pose } from "../core/messages.ts";
import type { Board } from "./board.ts";
import { inside } from "./room.ts";
import type { Stage } from "./stage.ts";

const SNAP = Math.PI / 6;
const PUSHED = 0.7; // of a thumbstick's way
const LET_GO = 0.3;
const THROW = 5.5; // metres a second: the teleport arc's start
const FALL = 9.81;
const DOTS = 24;

export type Mode = "immersive-vr" | "immersive-ar";
type Yawed = [number, number, number, number, number, number, number];

export interface Wishes {
  point: (ray: Raycaster) => void;
  talk: (on: boolean) => void;
  ended: () => void;
}

/** Whether this browser can enter a mode. */
export async function supports(mode: Mode): Promise<boolean> {
  return (await navigator.xr?.isSessionSupported(mode).catch(() => false)) ?? false;
}

export class Headset {
  session: XRSession | null = null;
  private readonly stage: Stage;
  private readonly board: Board;
  private readonly wishes: Wishes;
  private readonly arc: Line;
  private readonly target: Mesh;
  private landing: Vector3 | null = null;
  private turned = false;
  private controllers: XRTargetRaySpace[] = [];

  constructor(stage: Stage, board: Board, wishes: Wishes) {
    this.stage = stage;
    this.board = board;
    this.wishes = wishes;
    const blue = "#5aa9e6";
    this.arc = new Line(new BufferGeometry(), new LineBasicMaterial({ color: blue }));
    this.arc.frustumCulled = false;
    const ring = new RingGeometry(0.22, 0.28, 40).rotateX(-Math.PI / 2);
    this.target = new Mesh(ring, new MeshBasicMaterial({ color: blue }));
    this.arc.visible = this.target.visible = false;
    stage.scene.add(this.arc, this.target);
    for (const number of [0, 1]) this.prepare(number);
  }

  async enter(mode: Mode): Promise<void> {
    const session = await navigator.xr!.requestSession(mode, {
      requiredFeatures: ["local-floor"],
      optionalFeatures: ["bounded-floor", "hand-tracking", "layers"],
    });
    this.session = session;
    const { xr } = this.stage.renderer;
    xr.setReferenceSpaceType("local-floor");
    await xr.setSession(session);
    this.stage.setPassthrough(mode === "immersive-ar");
    session.addEventListener("end", () => {
      this.session = null;
      this.stage.setPassthrough(false);
      this.arc.visible = this.target.visible = false;
      this.wishes.ended();
    });
  }

  /** Where the visitor stands in the room, and where they look (yaw). */
  standing(): { x: number; z: number; yaw: number } {
    const { camera } = this.stage;
    const { x, z } = camera.getWorldPosition(new Vector3());
    const ahead = camera.getWorldDirection(new Vector3());
    return { x, z, yaw: Math.atan2(-ahead.x, -ahead.z) };
  }

  leave(): void {
    void this.session?.end();
  }

  /** Before each frame: sticks, teleport arc, what the rays meet. */
  update(): void {
    if (!this.session) return;
    for (const source of this.session.inputSources) {
      const axes = source.gamepad?.axes;
      if (!axes) continue;
      const [x, y] = [axes[2] ?? axes[0] ?? 0, axes[3] ?? axes[1] ?? 0];
      if (source.handedness === "right") this.steer(x, y);
    }
    const right = this.controllers.find((c) => c.userData["hand"] !== "left");
    if (right) this.board.aim(this.ray(right));
  }

  /** The pose of head and hands in the room; null while the headset is not tracked. */
  pose(frame: XRFrame, time: number, seq: number): Pose | null {
    const space = this.stage.renderer.xr.getReferenceSpace();
    const viewer = space && frame.getViewerPose(space);
    if (!space || !viewer) return null;
    const rig = this.stage.rig.matrixWorld;
    const pose: Pose = { type: "pose", time, seq, head: placed(rig, viewer.transform) };
    for (const source of this.session?.inputSources ?? []) {
      const wrist = source.gripSpace ?? source.hand?.get("wrist");
      const held = wrist && frame.getPose(wrist, space);
      if (held && source.handedness !== "none") {
        pose[source.handedness] = placed(rig, held.transform);
      }
    }
    return pose;
  }

  private prepare(number: number): void {
    const { xr } = this.stage.renderer;
    const controller = xr.getController(number);
    const grip = xr.getControllerGrip(number);
    const ahead = new BufferGeometry().setFromPoints([new Vector3(), new Vector3(0, 0, -1.5)]);
    const beam = new Line(ahead, new LineBasicMaterial({ color: "#ffffff" }));
    controller.add(beam);
    controller.addEventListener("connected", ({ data }) => {
      controller.userData["hand"] = data.handedness;
      beam.visible = data.handedness !== "left";
      if (data.handedness === "left") {
        grip.add(this.board.mesh);
        this.board.mesh.position.set(0.04, 0.08, -0.04);
        this.board.mesh.rotation.set(-0.9, 0, 0);
      }
    });
    controller.addEventListener("select", () => {
      const ray = this.ray(controller);
      if (this.board.aim(ray)) this.board.press();
      else this.wishes.point(ray);
    });
    controller.addEventListener("squeezestart", () => this.wishes.talk(true));
    controller.addEventListener("squeezeend", () => this.wishes.talk(false));
    this.stage.rig.add(controller, grip);
    this.controllers.push(controller);
  }

  private ray(controller: XRTargetRaySpace): Raycaster {
    const ray = new Raycaster();
    ray.ray.origin.setFromMatrixPosition(controller.matrixWorld);
    ray.ray.direction.set(0, 0, -1).transformDirection(controller.matrixWorld);
    ray.camera = this.stage.camera;
    return ray;
  }

  private steer(x: number, y: number): void {
    if (Math.abs(x) > PUSHED && !this.turned) this.turn(x > 0 ? -SNAP : SNAP);
    this.turned = Math.abs(x) > (this.turned ? LET_GO : PUSHED);
    const aiming = y < -(this.arc.visible ? LET_GO : PUSHED);
    if (aiming) this.aim();
    else if (this.arc.visible) this.land();
  }

  /** Turn about the head, so that the visitor stays where they are. */
  private turn(angle: number): void {
    const { rig, camera } = this.stage;
    const before = camera.getWorldPosition(new Vector3());
    rig.rotateY(angle);
    rig.updateMatrixWorld(true);
    const after = camera.getWorldPosition(new Vector3());
    rig.position.x += before.x - after.x;
    rig.position.z += before.z - after.z;
  }

  private aim(): void {
    const controller = this.controllers.find((c) => c.userData["hand"] === "right");
    if (!controller) return;
    const { origin, direction } = this.ray(controller).ray;
    const points: Vector3[] = [];
    const vy = direction.y * THROW;
    const flight = (vy + Math.sqrt(vy * vy + 2 * FALL * Math.max(0, origin.y))) / FALL;
    for (let i = 0; i <= DOTS; i++) {
      const t = (flight * i) / DOTS;
      const point = origin.clone().addScaledVector(direction, THROW * t);
      point.y -= 0.5 * FALL * t * t;
      points.push(point);
    }
    this.arc.geometry.setFromPoints(points);
    const end = points[DOTS]!;
    const plan = this.stage.plan;
    this.landing = !plan || inside(plan.outline, end.x, end.z) ? end : null;
    this.arc.visible = true;
    this.target.visible = this.landing !== null;
    this.target.position.set(end.x, 0.01, end.z);
  }

  private land(): void {
    this.arc.visible = this.target.visible = false;
    if (!this.landing) return;
    const { rig, camera } = this.stage;
    const head = camera.getWorldPosition(new Vector3());
    rig.position.x += this.landing.x - head.x;
    rig.position.z += this.landing.z - head.z;
    this.landing = null;
  }
}

function placed(rig: Matrix4, { matrix }: XRRigidTransform): Yawed {
  const whole = new Matrix4().multiplyMatrices(rig, new Matrix4().fromArray(matrix));
  const [position, rotation] = [new Vector3(), new Quaternion()];
  whole.decompose(position, rotation, new Vector3());
  return [...position.toArray(), rotation.x, rotation.y, rotation.z, rotation.w];
}
