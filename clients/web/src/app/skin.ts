// Skinning with eight influences: the avatar's GLB has JOINTS_1, which three.js leaves aside.
// Four alone put vertices up to 12 mm off, which shows through a garment.

import { BufferAttribute } from "three";
import type { MeshStandardMaterial, SkinnedMesh } from "three";

/** Make a mesh that was loaded from a GLB follow all eight of its bones. */
export function useEightInfluences(mesh: SkinnedMesh): void {
  const { attributes } = mesh.geometry;
  const further = attributes["weights_1"];
  const first = attributes["skinWeight"];
  if (!further || !first) return;
  // The loader made the first four sum to one; with the others they have to.
  const weights = new Float32Array(4 * first.count);
  for (let i = 0; i < first.count; i++) {
    let rest = 0;
    let own = 0;
    for (let k = 0; k < 4; k++) {
      rest += further.getComponent(i, k);
      own += first.getComponent(i, k);
    }
    const scale = own > 0 ? (1 - rest) / own : 0;
    for (let k = 0; k < 4; k++) weights[4 * i + k] = first.getComponent(i, k) * scale;
  }
  mesh.geometry.setAttribute("skinWeight", new BufferAttribute(weights, 4));
  const material = mesh.material as MeshStandardMaterial;
  material.onBeforeCompile = (shader) => {
    shader.vertexShader = shader.vertexShader
      .replace("#include <common>", "#include <common>\nattribute vec4 joints_1;\nattribute vec4 weights_1;")
      .replace(
        "#include <skinbase_vertex>",
        `#include <skinbase_vertex>
        mat4 boneMatX1 = getBoneMatrix(joints_1.x);
        mat4 boneMatY1 = getBoneMatrix(joints_1.y);
        mat4 boneMatZ1 = getBoneMatrix(joints_1.z);
        mat4 boneMatW1 = getBoneMatrix(joints_1.w);
        mat4 further = weights_1.x * boneMatX1 + weights_1.y * boneMatY1
          + weights_1.z * boneMatZ1 + weights_1.w * boneMatW1;`,
      )
      .replace(
        "#include <skinnormal_vertex>",
        `mat4 blended = skinWeight.x * boneMatX + skinWeight.y * boneMatY
          + skinWeight.z * boneMatZ + skinWeight.w * boneMatW + further;
        blended = bindMatrixInverse * blended * bindMatrix;
        objectNormal = (blended * vec4(objectNormal, 0.0)).xyz;`,
      )
      .replace(
        "#include <skinning_vertex>",
        `vec4 skinVertex = bindMatrix * vec4(transformed, 1.0);
        vec4 skinned = boneMatX * skinVertex * skinWeight.x + boneMatY * skinVertex * skinWeight.y
          + boneMatZ * skinVertex * skinWeight.z + boneMatW * skinVertex * skinWeight.w
          + further * skinVertex;
        transformed = (bindMatrixInverse * skinned).xyz;`,
      );
  };
  material.customProgramCacheKey = () => "eight influences";
}
