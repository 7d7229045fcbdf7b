// The protocol's frame (right-handed, Y up, -Z forward, metres) in Unreal's (left-handed, Z up, X
// forward, centimetres): 100 (-z, x, y). Tested by showroom/protocol/golden_frames.json.
#pragma once

#include <array>

namespace showroom::frames {

using Vec3 = std::array<double, 3>;
using Quat = std::array<double, 4>;  ///< x, y, z, w

inline Vec3 toUnreal(const Vec3& p) { return {-100 * p[2], 100 * p[0], 100 * p[1]}; }

inline Vec3 fromUnreal(const Vec3& p) { return {p[1] / 100, p[2] / 100, -p[0] / 100}; }

/// A mirrored frame turns the other way.
inline Quat toUnreal(const Quat& q) { return {q[2], -q[0], -q[1], q[3]}; }

inline Quat fromUnreal(const Quat& q) { return {-q[1], -q[2], q[0], q[3]}; }

}  // namespace showroom::frames
