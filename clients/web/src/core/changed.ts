// What a product is after a change that says only what became different.

import type { ProductChanged, ProductShown } from "./messages.ts";

/**
 * The product as it is now. A change names `glb`, `size` and `color` only where they became others,
 * and among its numbers are places and turns, which are in `transform`.
 */
export function changed(shown: ProductShown, update: ProductChanged): ProductShown {
  const values = { ...shown.values };
  for (const { name, new: now } of update.changes) if (name in values) values[name] = now;
  return {
    ...shown,
    values,
    transform: update.transform,
    glb: update.glb || shown.glb,
    size: update.size || shown.size,
    color: update.color || shown.color,
  };
}
