// What arrives in bursts, shown smoothly: samples by the sender's clock, asked for by ours, a moment
// later.
#pragma once

#include <algorithm>
#include <deque>
#include <limits>
#include <utility>

namespace showroom {

template <class T> class History {
 public:
  /// lag: seconds that bridge jitter; keep: samples that are kept.
  explicit History(double lag = 0.03, std::size_t keep = 16) : lag_(lag), keep_(keep) {}

  /// The samples around the moment to show, and how far from the first to the second.
  struct Moment {
    const T* from = nullptr;
    const T* to = nullptr;
    double share = 1;
  };

  /// Take a sample; one that is older than the last is left out.
  void add(double time, T value, double now) {
    if (!samples_.empty() && time <= samples_.back().first) {
      if (samples_.back().first - time < 5) return;
      clear();  // The sender's clock began anew.
    }
    // The smallest offset seen lately; it is let go of slowly, since clocks drift.
    offset_ = std::min(offset_ + 0.0005, now - time);
    samples_.emplace_back(time, std::move(value));
    if (samples_.size() > keep_) samples_.pop_front();
  }

  /// Both null while there is nothing.
  Moment at(double now) const {
    if (samples_.empty()) return {};
    const double wanted = now - offset_ - lag_;
    const auto* before = &samples_.front();
    for (const auto& sample : samples_) {
      if (sample.first > wanted) {
        const double span = sample.first - before->first;
        const double share = span > 0 ? std::max(0.0, (wanted - before->first) / span) : 1;
        return {&before->second, &sample.second, share};
      }
      before = &sample;
    }
    return {&before->second, &before->second, 1};
  }

  void clear() {
    samples_.clear();
    offset_ = std::numeric_limits<double>::infinity();
  }

 private:
  std::deque<std::pair<double, T>> samples_;
  double lag_;
  std::size_t keep_;
  double offset_ = std::numeric_limits<double>::infinity();
};

}  // namespace showroom
