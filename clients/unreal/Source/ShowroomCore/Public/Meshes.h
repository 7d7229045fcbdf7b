// The mesh frames of one connection, in the order in which they come: whole, or differences to frames
// that have come ("delta" in the hello). Coordinates are whole numbers of 0.25 mm, so that nothing adds
// up. Layouts: docs/protocol.md.
#pragma once

#include <deque>

#include <zlib.h>

#include "Compact.h"

namespace showroom {

/// A difference to a frame that has not come: acknowledge frame 0 of the target, and a whole one follows.
struct BaseMissing {
  std::string target;
};

class MeshDecoder {
 public:
  /// monostate: the bytes are not what their head says.
  using Result = std::variant<std::monostate, BaseMissing, Vertices>;

  /// Whether a frame is one that only a MeshDecoder can read.
  static bool handles(const std::uint8_t* data, std::size_t size) {
    return size > 2 && data[0] == compact::Magic && data[1] == compact::MeshKind && data[2] != 0;
  }

  /// The frame in a compact mesh frame that handles() is true of.
  Result decode(const std::uint8_t* data, std::size_t size) {
    using namespace compact;
    auto head = meshHead(data, size);
    if (!head || head->count > MostVertices || (data[2] != Whole && data[2] != Difference)) return {};
    Vertices& frame = head->frame;
    const std::size_t count = std::size_t(head->count), start = head->start;
    Grid grid(3 * count);
    if (data[2] == Whole) {
      if (!whole(data, size, frame, count, start, grid)) return {};
    } else {
      const auto found = tracks_.find(frame.target);
      if (found == tracks_.end() || found->second.glb != frame.glb) return BaseMissing{frame.target};
      const Grid* base = found->second.find(take<std::uint32_t>(data + 68));
      if (!base || base->size() != 3 * count) return BaseMissing{frame.target};
      if (!difference(data, size, found->second.backs, count, start, *base, grid)) return {};
    }
    frame.positions.resize(grid.size());
    for (std::size_t i = 0; i < grid.size(); ++i) frame.positions[i] = float(grid[i] * Unit);
    tracks_[frame.target].keep(frame.frame, std::move(grid));
    return std::move(frame);
  }

 private:
  static constexpr std::uint8_t Difference = 1, Whole = 2;
  static constexpr std::size_t Kept = 8, MostVertices = 65536;
  using Grid = std::vector<std::int32_t>;  ///< x, y, z of each vertex

  struct Track {
    std::string glb;
    /// How far before each vertex its first neighbour stands; then the second neighbours.
    std::vector<std::uint16_t> backs;
    std::deque<std::pair<std::uint32_t, Grid>> frames;

    const Grid* find(std::uint32_t number) const {
      for (const auto& [one, grid] : frames)
        if (one == number) return &grid;
      return nullptr;
    }

    void keep(std::uint32_t number, Grid grid) {
      frames.emplace_front(number, std::move(grid));
      if (frames.size() > Kept) frames.pop_back();
    }
  };

  std::map<std::string, Track> tracks_;

  bool whole(const std::uint8_t* data, std::size_t size, const Vertices& frame, std::size_t count, std::size_t start,
             Grid& grid) {
    using namespace compact;
    const std::size_t end = start + 6 * count;
    if (size < end) return false;
    std::array<std::int32_t, 3> low{};
    for (int k = 0; k < 3; ++k) {
      const double corner = take<float>(data + 52 + 4 * k) / Unit;
      if (!(std::fabs(corner) < 1 << 30) || take<float>(data + 64 + 4 * k) != float(Unit)) return false;
      low[k] = std::int32_t(std::nearbyint(corner));
    }
    for (std::size_t i = 0; i < grid.size(); ++i) grid[i] = low[i % 3] + take<std::uint16_t>(data + start + 2 * i);
    Bytes packed(4 * count);
    if (!unpack(data, size, end, packed)) return false;
    std::vector<std::uint16_t> backs(2 * count);
    for (std::size_t i = 0; i < backs.size(); ++i) {
      backs[i] = take<std::uint16_t>(packed.data() + 2 * i);
      if (backs[i] > i % count) return false;  // a neighbour that does not come before
    }
    Track& track = tracks_[frame.target];
    if (track.glb != frame.glb || track.backs.size() != backs.size()) track.frames.clear();
    track.glb = frame.glb;
    track.backs = std::move(backs);
    return true;
  }

  static bool difference(const std::uint8_t* data, std::size_t size, const std::vector<std::uint16_t>& backs,
                         std::size_t count, std::size_t start, const Grid& base, Grid& grid) {
    using namespace compact;
    Bytes residuals(3 * count);
    if (!unpack(data, size, start, residuals)) return false;
    // Unsigned, so that hostile numbers wrap around.
    std::vector<std::uint32_t> moved(count);
    for (std::size_t k = 0; k < 3; ++k) {
      const auto offset = take<std::uint32_t>(data + 52 + 4 * k);
      for (std::size_t v = 0; v < count; ++v) {
        const std::size_t a = backs[v], b = backs[count + v];
        const auto guess = std::int32_t((a ? moved[v - a] : 0) + (b ? moved[v - b] : 0));
        moved[v] = std::uint32_t(guess >> 1) + std::uint32_t(std::int8_t(residuals[k * count + v]));
        grid[3 * v + k] = std::int32_t(std::uint32_t(base[3 * v + k]) + offset + moved[v]);
      }
    }
    return true;
  }

  /// What zlib has packed from a place to the end: as many bytes as `plain` has, and no more.
  static bool unpack(const std::uint8_t* data, std::size_t size, std::size_t start, Bytes& plain) {
    if (size <= start) return false;
    std::uint8_t none = 0;
    uLongf filled = uLongf(plain.size());
    uLong packed = uLong(size - start);
    const int said = uncompress2(plain.empty() ? &none : plain.data(), &filled, data + start, &packed);
    return said == Z_OK && filled == plain.size() && packed == size - start;
  }
};

}  // namespace showroom
