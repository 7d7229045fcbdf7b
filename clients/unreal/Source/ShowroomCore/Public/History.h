// What arrives in bursts, shown smoothly: samples by the sender's clock, asked for by ours, a moment
// later.
#pragma once

#include <deque>
#include <utility>

#include "SenderClock.h"

namespace showroom {

/// The clock knows a history by its place in memory, so it is neither copied nor moved.
template <class T> class History {
 public:
  /// clock: of the sender, or none: one for this history alone; keep: samples that are kept.
  explicit History(std::shared_ptr<SenderClock> clock = nullptr, std::size_t keep = 16)
      : clock_(clock ? std::move(clock) : std::make_shared<SenderClock>()), keep_(keep) {}
  ~History() { clock_->forget(this); }
  History(const History&) = delete;
  History& operator=(const History&) = delete;

  /// The samples around the moment to show, and how far from the first to the second.
  struct Moment {
    const T* from = nullptr;
    const T* to = nullptr;
    double share = 1;
  };

  /// Take a sample; one that is older than the last is left out.
  void add(double time, T value, double now) {
    if (!samples_.empty() && time <= samples_.back().first) {
      if (samples_.back().first - time < SenderClock::Anew) return;
      clear();
      clock_->restart();
    }
    clock_->hear(this, time, now);
    samples_.emplace_back(time, std::move(value));
    if (samples_.size() > keep_) samples_.pop_front();
  }

  /// Both null while there is nothing.
  Moment at(double now) const {
    if (samples_.empty()) return {};
    const double wanted = clock_->at(now);
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

  /// Forget all samples; other histories of this sender go on.
  void clear() {
    samples_.clear();
    clock_->forget(this);
  }

 private:
  std::deque<std::pair<double, T>> samples_;
  std::shared_ptr<SenderClock> clock_;
  std::size_t keep_;
};

}  // namespace showroom
