// Renderer, light and mirror; what is in the scene comes from elsewhere.

import {
  ACESFilmicToneMapping,
  BoxGeometry,
  Color,
  DirectionalLight,
  Group,
  HemisphereLight,
  Mesh,
  MeshStandardMaterial,
  PCFSoftShadowMap,
  PerspectiveCamera,
  PlaneGeometry,
  PMREMGenerator,
  Scene,
  WebGLRenderer,
} from "three";
import { RoomEnvironment } from "three/addons/environments/RoomEnvironment.js";
import { Reflector } from "three/addons/objects/Reflector.js";
import type { RoomShown } from "../core/messages.ts";
import { buildRoom, inside } from "./room.ts";

const MIRROR = { width: 0.9, height: 2.0, away: 2.1 }; // metres
const SHADOW = 1024;

export class Stage {
  readonly scene = new Scene();
  readonly camera = new PerspectiveCamera(60, 1, 0.05, 60);
  readonly renderer: WebGLRenderer;
  /** Where the visitor stands in the room: teleporting and walking move it, not the room. */
  readonly rig = new Group();
  /** Called to draw what the mirror shows; may change the scene for as long as that takes. */
  aroundMirror: (draw: () => void) => void = (draw) => draw();
  plan: RoomShown | null = null;
  floor: Mesh | null = null;
  private room: Group | null = null;
  private readonly mirror = new Group();
  private readonly sun = new DirectionalLight(new Color("#fff0dc"), 1.6);

  constructor(canvas: HTMLCanvasElement) {
    this.renderer = new WebGLRenderer({ canvas, antialias: true, alpha: true });
    this.renderer.setPixelRatio(Math.min(2, devicePixelRatio));
    this.renderer.toneMapping = ACESFilmicToneMapping;
    this.renderer.shadowMap.enabled = true;
    this.renderer.shadowMap.type = PCFSoftShadowMap;
    this.renderer.xr.enabled = true;
    const generator = new PMREMGenerator(this.renderer);
    this.scene.environment = generator.fromScene(new RoomEnvironment(), 0.04).texture;
    this.scene.environmentIntensity = 0.55;
    generator.dispose();
    this.scene.background = new Color("#e9e4da");
    this.sun.position.set(1.6, 3.6, 2.4);
    this.sun.castShadow = true;
    this.sun.shadow.mapSize.set(SHADOW, SHADOW);
    this.sun.shadow.bias = -0.0006;
    this.sun.shadow.normalBias = 0.02;
    const reach = this.sun.shadow.camera;
    reach.left = reach.bottom = -4;
    reach.right = reach.top = 4;
    this.scene.add(this.sun, this.sun.target, new HemisphereLight("#ffffff", "#d8c8b0", 0.45));
    // A weak light from the viewer, so that nobody stands before their own front in the dark.
    const fill = new DirectionalLight("#ffffff", 0.7);
    fill.position.set(0.3, 0.6, 1);
    this.camera.add(fill, fill.target);
    fill.target.position.set(0, 0, -2);
    this.rig.add(this.camera);
    this.scene.add(this.rig);
    this.hangMirror();
    addEventListener("resize", () => this.fit());
    this.fit();
  }

  /** Build the room that the server shows. */
  show(plan: RoomShown): void {
    this.room?.removeFromParent();
    const { group, floor } = buildRoom(plan);
    this.plan = plan;
    this.room = group;
    this.floor = floor;
    this.scene.add(group);
  }

  /** In augmented reality the visitor's own room is seen. */
  setPassthrough(through: boolean): void {
    if (this.room) this.room.visible = !through;
    this.scene.background = through ? null : new Color("#e9e4da");
  }

  /** Stand the mirror before (x, z), `yaw` radians being where one looks; null puts it away. */
  setMirror(at: { x: number; z: number; yaw: number } | null): void {
    this.mirror.visible = at !== null;
    if (!at) return;
    const { x, z, yaw } = this.mirrorPlace(at);
    this.mirror.position.set(x, 0, z);
    this.mirror.rotation.y = yaw;
  }

  /** Ahead, nearer if a wall is in the way, else to a side. */
  private mirrorPlace(at: { x: number; z: number; yaw: number }): typeof at {
    for (const turn of [0, Math.PI / 2, -Math.PI / 2, Math.PI]) {
      const yaw = at.yaw + turn;
      for (const away of [MIRROR.away, 1.7, 1.3]) {
        const [x, z] = [at.x - Math.sin(yaw) * away, at.z - Math.cos(yaw) * away];
        if (!this.plan || inside(this.plan.outline, x, z, MIRROR.width / 2)) return { x, z, yaw };
      }
    }
    return at;
  }

  get mirrorShown(): boolean {
    return this.mirror.visible;
  }

  private hangMirror(): void {
    const glass = new Reflector(new PlaneGeometry(MIRROR.width, MIRROR.height), {
      textureWidth: 512,
      textureHeight: Math.round((512 * MIRROR.height) / MIRROR.width),
      color: 0xb8bcbb,
    });
    glass.position.y = MIRROR.height / 2 + 0.06;
    const reflect = glass.onBeforeRender;
    glass.onBeforeRender = (...scene) => this.aroundMirror(() => reflect.apply(glass, scene));
    const frame = new Mesh(
      new BoxGeometry(MIRROR.width + 0.08, MIRROR.height + 0.08, 0.04),
      new MeshStandardMaterial({ color: "#8a6a45", roughness: 0.5 }),
    );
    frame.position.set(0, glass.position.y, -0.03);
    frame.castShadow = true;
    this.mirror.add(frame, glass);
    this.mirror.visible = false;
    this.scene.add(this.mirror);
  }

  private fit(): void {
    if (this.renderer.xr.isPresenting) return;
    this.camera.aspect = innerWidth / innerHeight;
    this.camera.updateProjectionMatrix();
    this.renderer.setSize(innerWidth, innerHeight);
  }
}
