// What a product is after a change that says only what became different.
#pragma once

#include "Messages.h"

namespace showroom {

/// Bring a product up to date. A change names GLB, size and colour only where they became others, and
/// among its numbers are places and turns, which are in its transform.
inline void change(ProductShown& shown, const ProductChanged& changed) {
  shown.transform = changed.transform;
  if (!changed.glb.empty()) shown.glb = changed.glb;
  if (!changed.size.empty()) shown.size = changed.size;
  if (!changed.color.empty()) shown.color = changed.color;
  for (const auto& one : changed.changes)
    if (const auto known = shown.values.find(one.name); known != shown.values.end()) known->second = one.new_;
}

}  // namespace showroom
