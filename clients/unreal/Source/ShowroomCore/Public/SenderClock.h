// When to show what one sender's clock stamps.
#pragma once

#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <string>

namespace showroom {

/// The moment to show of all that one sender's clock stamps, such as a body and what it wears.
///
/// The delay between both clocks is the smallest seen lately, so that a late sample does not pull the
/// picture back; some seconds of lag bridge jitter, more where samples come more rarely. No history is
/// shown later than the newest sample of the others, or skin would leave its sleeve.
class SenderClock {
 public:
  /// So many seconds earlier than what was shown, a sample is of a sender whose clock began anew.
  static constexpr double Anew = 5;

  /// lag: the least lag, seconds.
  explicit SenderClock(double lag = 0.03) : least_(lag), lag_(lag) {}

  /// A sample of `time` has come for one of the histories.
  void hear(const void* of, double time, double now) {
    if (time < shown_ - Anew) restart();
    offset_ = std::min(offset_ + Drift, now - time);
    const auto before = newest_.find(of);
    if (before == newest_.end()) {
      newest_.emplace(of, time);
      return;
    }
    const double age = now - offset_ - before->second;  // of what was to be shown until now
    before->second = time;
    lag_ = std::max({least_, age < Pause ? age : 0, lag_ - Drift});
  }

  /// The moment to show, by the sender's clock; never an earlier one than before.
  double at(double now) {
    double moment = now - offset_ - lag_;
    for (const auto& [of, newest] : newest_)
      if (moment - newest < Pause) moment = std::min(moment, newest);
    return shown_ = std::max(shown_, moment);
  }

  /// One history has ended; the others do not wait for it.
  void forget(const void* of) { newest_.erase(of); }

  /// The sender's clock began anew.
  void restart() {
    newest_.clear();
    offset_ = std::numeric_limits<double>::infinity();
    shown_ = -std::numeric_limits<double>::infinity();
    lag_ = least_;
  }

 private:
  /// So far apart, in seconds, samples no longer belong to one movement: nobody waits for them.
  static constexpr double Pause = 0.15;
  /// What a sample lets go of the smallest delay, seconds: clocks drift.
  static constexpr double Drift = 0.0005;

  std::map<const void*, double> newest_;
  double least_, lag_;
  double offset_ = std::numeric_limits<double>::infinity();
  double shown_ = -std::numeric_limits<double>::infinity();
};

/// One clock for each person in the room; the visitor's own name is "".
class Clocks {
 public:
  std::shared_ptr<SenderClock> of(const std::string& who) {
    auto& clock = all_[who];
    if (!clock) clock = std::make_shared<SenderClock>();
    return clock;
  }

  /// The clock of whoever wears a product: a companion's begins with their name and "/".
  std::shared_ptr<SenderClock> ofTarget(const std::string& target) {
    const auto slash = target.find('/');
    return of(slash == std::string::npos ? "" : target.substr(0, slash));
  }

 private:
  std::map<std::string, std::shared_ptr<SenderClock>> all_;
};

}  // namespace showroom
