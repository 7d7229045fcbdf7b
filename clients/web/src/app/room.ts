// The room: floor, walls and ceiling from the plan that the server sends.

import {
  BoxGeometry,
  CanvasTexture,
  Color,
  Group,
  Mesh,
  MeshStandardMaterial,
  PlaneGeometry,
  RepeatWrapping,
  Shape,
  ShapeGeometry,
  SRGBColorSpace,
} from "three";
import type { Texture } from "three";
import type { RoomShown } from "../core/messages.ts";

const BOARD = 0.16; // metres, width of a floor board
const SKIRTING = 0.09;

/** Oak boards, drawn once: 8 boards by 2 m. */
function boards(): Texture {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 512;
  const pen = canvas.getContext("2d")!;
  let seed = 7;
  const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
  for (let row = 0; row < 8; row++) {
    const shift = random() * 512;
    for (const start of [shift - 512, shift - 220, shift]) {
      const light = 58 + random() * 12;
      pen.fillStyle = `hsl(${30 + random() * 6} ${30 + random() * 8}% ${light}%)`;
      pen.fillRect(start, row * 64, 512, 64);
      pen.strokeStyle = `hsl(28 30% ${light - 8}% / 0.35)`;
      for (let line = 0; line < 7; line++) {
        const y = row * 64 + random() * 64;
        pen.beginPath();
        pen.moveTo(start, y);
        pen.bezierCurveTo(start + 170, y + random() * 8 - 4, start + 340, y - 4, start + 512, y);
        pen.stroke();
      }
      pen.fillStyle = "rgb(60 40 25 / 0.45)";
      pen.fillRect(start, row * 64, 2, 64);
    }
    pen.fillStyle = "rgb(60 40 25 / 0.4)";
    pen.fillRect(0, row * 64, 512, 2);
  }
  const texture = new CanvasTexture(canvas);
  texture.wrapS = texture.wrapT = RepeatWrapping;
  texture.colorSpace = SRGBColorSpace;
  texture.repeat.set(1 / 2, 1 / (8 * BOARD));
  texture.anisotropy = 8;
  return texture;
}

/** A room around the origin; `floor` is what one can walk on. */
export function buildRoom(plan: RoomShown): { group: Group; floor: Mesh } {
  const group = new Group();
  group.name = "room";
  const corners = plan.outline;
  const shape = new Shape();
  corners.forEach(([x, z], i) => (i ? shape.lineTo(x, -z) : shape.moveTo(x, -z)));
  const flat = new ShapeGeometry(shape).rotateX(-Math.PI / 2);
  const floor = new Mesh(flat, new MeshStandardMaterial({ map: boards(), roughness: 0.5 }));
  floor.name = "floor";
  floor.receiveShadow = true;
  group.add(floor);
  const paint = new MeshStandardMaterial({ color: new Color("#f1ece2"), roughness: 0.95 });
  const trim = new MeshStandardMaterial({ color: new Color("#fbfaf7"), roughness: 0.6 });
  const ceiling = new Mesh(flat.clone().rotateX(Math.PI), paint);
  ceiling.position.y = plan.height;
  // Turned upside down its z is mirrored; turn it back.
  ceiling.scale.z = -1;
  corners.forEach(([x, z], i) => {
    const [nx, nz] = corners[(i + 1) % corners.length]!;
    const length = Math.hypot(nx - x, nz - z);
    const wall = new Mesh(new PlaneGeometry(length, plan.height), paint);
    wall.position.set((x + nx) / 2, plan.height / 2, (z + nz) / 2);
    // Counter-clockwise from above: the inside is to the left of the wall's direction.
    const inward = Math.atan2(nz - z, -(nx - x));
    wall.rotation.y = inward;
    wall.receiveShadow = true;
    const board = new Mesh(new BoxGeometry(length, SKIRTING, 0.014), trim);
    board.position.set(wall.position.x, SKIRTING / 2, wall.position.z);
    board.rotation.y = inward;
    group.add(wall, board);
  });
  paint.side = 2;
  group.add(ceiling);
  return { group, floor };
}

/** Whether (x, z) lies inside a plan's outline, at least `margin` metres from its walls. */
export function inside(outline: RoomShown["outline"], x: number, z: number, margin = 0.25): boolean {
  let within = false;
  for (let i = 0, j = outline.length - 1; i < outline.length; j = i++) {
    const [ax, az] = outline[i]!;
    const [bx, bz] = outline[j]!;
    if (az > z !== bz > z && x < ((bx - ax) * (z - az)) / (bz - az) + ax) within = !within;
    const dx = bx - ax;
    const dz = bz - az;
    const along = Math.max(0, Math.min(1, ((x - ax) * dx + (z - az) * dz) / (dx * dx + dz * dz)));
    if (Math.hypot(ax + along * dx - x, az + along * dz - z) < margin) return false;
  }
  return within;
}
