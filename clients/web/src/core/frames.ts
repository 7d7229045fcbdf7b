// Frames of reference. The protocol's is three.js's and WebXR's: right-handed, Y up, -Z forward,
// metres; nothing is to be converted for them. Other engines that run in a browser differ.

export type Vec3 = [number, number, number];
export type Quat = [number, number, number, number];

interface Axes {
  /** Row i: which protocol axis engine axis i takes, and with which sign. */
  order: readonly [number, number, number];
  sign: readonly [number, number, number];
  scale: number;
}

const ENGINES = {
  three: { order: [0, 1, 2], sign: [1, 1, 1], scale: 1 },
  /** Babylon.js's default left-handed frame is Unity's. */
  unity: { order: [0, 1, 2], sign: [1, 1, -1], scale: 1 },
  unity_gltf: { order: [0, 1, 2], sign: [-1, 1, 1], scale: 1 },
  panda3d: { order: [0, 2, 1], sign: [1, -1, 1], scale: 1 },
  unreal: { order: [2, 0, 1], sign: [-1, 1, 1], scale: 100 },
} as const satisfies Record<string, Axes>;

export type Engine = keyof typeof ENGINES;

/** The determinant of an axis permutation with signs: -1 where handedness changes. */
function handedness({ order, sign }: Axes): number {
  const even = [[0, 1, 2], [1, 2, 0], [2, 0, 1]].some((o) => o.every((v, i) => v === order[i]));
  return (even ? 1 : -1) * sign[0] * sign[1] * sign[2];
}

/** A position in an engine's frame and unit. */
export function position(engine: Engine, p: Vec3): Vec3 {
  const { order, sign, scale } = ENGINES[engine];
  return [0, 1, 2].map((i) => p[order[i]!]! * sign[i]! * scale) as Vec3;
}

/** A rotation (x, y, z, w) in an engine's frame: the axis turns with it, mirrored frames turn back. */
export function rotation(engine: Engine, q: Quat): Quat {
  const axes: Axes = ENGINES[engine];
  const turn = handedness(axes);
  const [x, y, z] = [0, 1, 2].map((i) => q[axes.order[i]!]! * axes.sign[i]! * turn) as Vec3;
  return [x, y, z, q[3]];
}
