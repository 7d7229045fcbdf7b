// Compact binary frames, little endian: 0xC1, the kind, then the layouts of docs/protocol.md.
// Positions count 0.25 mm; quaternions are four int16 with 1.0 = 32767.
#pragma once

#include <cmath>
#include <cstring>
#include <optional>
#include <variant>

#include "Messages.h"

namespace showroom {

using Bytes = std::vector<std::uint8_t>;

/// The vertices of one mesh in one frame: x, y, z of each, metres, play space.
struct Vertices {
  std::string target;
  std::string glb;  ///< SHA-256 in hex of the GLB whose one shared POSITION accessor they fill.
  std::uint32_t frame = 0;
  double time = 0;
  std::vector<float> positions;
};

namespace compact {

inline constexpr std::uint8_t Magic = 0xC1, PoseKind = 1, AvatarKind = 2, MeshKind = 3,
                              CompanionKind = 5;
inline constexpr double Unit = 0.00025, One = 32767;

template <class T> T take(const std::uint8_t* from) {
  // Written byte by byte: right on any machine, and a plain load where it is little endian.
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) bits |= std::uint64_t(from[i]) << (8 * i);
  T value;
  if constexpr (sizeof(T) == 8) {
    std::memcpy(&value, &bits, 8);
  } else if constexpr (sizeof(T) == 4) {
    const auto part = std::uint32_t(bits);
    std::memcpy(&value, &part, 4);
  } else {
    const auto part = std::uint16_t(bits);
    std::memcpy(&value, &part, 2);
  }
  return value;
}

template <class T> void put(Bytes& out, T value) {
  std::uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof(T));
  for (std::size_t i = 0; i < sizeof(T); ++i) out.push_back(std::uint8_t(bits >> (8 * i)));
}

inline void putRotation(Bytes& out, const std::array<double, 7>& seven) {
  for (int i = 3; i < 7; ++i) {
    const double part = std::nearbyint(seven[i] * One);
    put(out, std::int16_t(std::fmax(-One, std::fmin(One, part))));
  }
}

inline std::size_t padded(std::size_t bytes) { return (bytes + 3) / 4 * 4; }

}  // namespace compact

/// A pose in 36 bytes, 14 more for each tracked hand; empty if a hand is more than 8.19 m from the
/// head, which is then sent as JSON.
inline Bytes encodePose(const Pose& pose) {
  using namespace compact;
  Bytes out = {Magic, PoseKind, std::uint8_t((pose.left ? 1 : 0) | (pose.right ? 2 : 0)), 0};
  put(out, std::uint32_t(pose.seq));
  put(out, pose.time);
  std::array<std::int32_t, 3> head{};
  for (int i = 0; i < 3; ++i) {
    head[i] = std::int32_t(std::nearbyint(pose.head[i] / Unit));
    put(out, head[i]);
  }
  putRotation(out, pose.head);
  for (const auto* hand : {&pose.left, &pose.right}) {
    if (!*hand) continue;
    for (int i = 0; i < 3; ++i) {
      const double offset = std::nearbyint((**hand)[i] / Unit) - head[i];
      if (std::fabs(offset) > One) return {};
      put(out, std::int16_t(offset));
    }
    putRotation(out, **hand);
  }
  return out;
}

namespace compact {

inline std::optional<AvatarPose> decodeAvatar(const std::uint8_t* data, std::size_t size) {
  if (size < 28 || data[0] != Magic || data[1] != AvatarKind) return {};
  const std::size_t count = data[2], start = padded(28 + count);
  if (size != start + 8 * count) return {};
  AvatarPose pose;
  pose.seq = take<std::uint32_t>(data + 4);
  pose.time = take<double>(data + 8);
  for (int i = 0; i < 3; ++i) pose.root[i] = take<std::int32_t>(data + 16 + 4 * i) * Unit;
  for (std::size_t i = 0; i < count; ++i) {
    if (data[28 + i] >= Bones.size()) return {};
    auto& q = pose.rotations[Bones[data[28 + i]]];
    for (int k = 0; k < 4; ++k) q[k] = take<std::int16_t>(data + start + 8 * i + 2 * k) / One;
  }
  return pose;
}

/// What every mesh frame opens with, still without its vertices, which begin at `start`.
struct MeshHead {
  Vertices frame;
  std::uint64_t count = 0;
  std::size_t start = 0;
};

inline std::optional<MeshHead> meshHead(const std::uint8_t* data, std::size_t size) {
  if (size < 76 || data[0] != Magic || data[1] != MeshKind) return {};
  MeshHead head;
  const std::size_t name = data[3];
  head.start = padded(76 + name);
  if (size < head.start) return {};
  head.count = take<std::uint32_t>(data + 16);
  Vertices& mesh = head.frame;
  mesh.frame = take<std::uint32_t>(data + 4);
  mesh.time = take<double>(data + 8);
  bool zero = true;
  for (int i = 0; i < 32; ++i) {
    const char* digits = "0123456789abcdef";
    zero = zero && data[20 + i] == 0;
    mesh.glb += digits[data[20 + i] >> 4];
    mesh.glb += digits[data[20 + i] & 15];
  }
  if (zero) mesh.glb.clear();
  mesh.target.assign(reinterpret_cast<const char*>(data) + 76, name);
  return head;
}

}  // namespace compact

/// What a compact frame holds; monostate for bytes that are not what their head says.
using FrameMessage = std::variant<std::monostate, AvatarPose, Vertices>;

/// Any compact frame but differences between mesh frames, which a MeshDecoder takes.
inline FrameMessage decodeFrame(const std::uint8_t* data, std::size_t size) {
  using namespace compact;
  if (size < 28 || data[0] != Magic) return {};
  if (data[1] == AvatarKind) {
    if (auto pose = decodeAvatar(data, size)) return std::move(*pose);
    return {};
  }
  if (data[1] == CompanionKind) {
    const std::size_t name = data[3], start = 4 + padded(name);
    if (size < start) return {};
    auto pose = decodeAvatar(data + start, size - start);
    if (!pose) return {};
    pose->who.assign(reinterpret_cast<const char*>(data) + 4, name);
    return std::move(*pose);
  }
  auto head = meshHead(data, size);
  if (!head || data[2] != 0 || size != head->start + 6 * head->count) return {};
  Vertices& mesh = head->frame;
  mesh.positions.resize(3 * head->count);
  for (int axis = 0; axis < 3; ++axis) {
    const float corner = take<float>(data + 52 + 4 * axis), step = take<float>(data + 64 + 4 * axis);
    for (std::uint64_t i = 0; i < head->count; ++i) {
      const std::uint64_t at = 3 * i + axis;
      mesh.positions[at] = corner + step * take<std::uint16_t>(data + head->start + 2 * at);
    }
  }
  return std::move(mesh);
}

}  // namespace showroom
