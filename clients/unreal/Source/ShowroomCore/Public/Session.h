// One visitor's side of the conversation, without a socket: what to send, what arrived, how to come
// back. Whoever has a socket feeds it and obeys it; see Link.
#pragma once

#include <algorithm>
#include <functional>
#include <utility>

#include "Compact.h"
#include "Json.h"
#include "Meshes.h"

namespace showroom {

enum class State { Closed, Connecting, Open, Resuming };

/// What a session asks of its socket.
struct Link {
  std::function<void()> connect;  ///< open a new socket, dropping the old one
  std::function<void()> disconnect;
  std::function<void(const std::string&)> sendText;
  std::function<void(const Bytes&)> sendBinary;
};

/// An update as it is handed out; mesh frames with their vertices unpacked.
using Arrival = std::variant<UpdateMessage, Vertices>;

/// What was asked and not answered when the connection broke is asked again with the same id; the
/// server does nothing twice. Not thread-safe: use it from one thread.
class Session {
 public:
  State state = State::Closed;
  std::optional<Welcome> welcome;
  int resumed = 0;  ///< how often the visit went on after a break
  std::string failure, failureField;
  std::function<void(const Arrival&)> onUpdate;
  std::function<void(State, const std::string&)> onState;

  /// hello: language, token and options; resume and have are filled in. patience: seconds in which
  /// to come back after a break.
  Session(Link link, Hello hello, double patience = 30)
      : link_(std::move(link)), hello_(std::move(hello)), patience_(patience) {}

  void open(double now) {
    now_ = now;
    welcome.reset();
    enter(State::Connecting, "");
    link_.connect();
  }

  /// Time passes; comes back when it is time to.
  void tick(double now) {
    now_ = now;
    if (state != State::Resuming || !waiting_ || now < again_) return;
    waiting_ = false;
    link_.connect();
  }

  /// Send an event. One that has an id is sent again after a break until it is answered.
  template <class T> void send(T event) {
    if constexpr (std::is_same_v<T, Pose>) {
      if (state != State::Open) return;
      const Bytes frame = encodePose(event);
      if (frame.empty()) link_.sendText(json::text(event));
      else link_.sendBinary(frame);
    } else {
      const std::string text = json::text(event);
      if constexpr (!std::is_same_v<T, Ping> && !std::is_same_v<T, Hello>) {
        if (const std::string id = idOf(event); !id.empty()) unanswered_.emplace_back(id, text);
      }
      if (state == State::Open) link_.sendText(text);
    }
  }

  /// The mesh frame is shown: the next one may come.
  void shown(const Vertices& frame) {
    Ack ack;
    ack.target = frame.target;
    ack.frame = frame.frame;
    send(ack);
  }

  /// Leave. Without goodbye the visit is held for a while and can be resumed.
  void close(bool goodbye = true) {
    if (goodbye && state == State::Open) link_.sendText(json::text(Bye{}));
    end("the client left", "");
    link_.disconnect();
  }

  /// The socket is open.
  void opened() {
    Hello hello = hello_;
    if (hello.client.empty()) hello.client = "unreal/1";
    // Mesh frames as small differences, unless ordinary messages are wanted.
    const auto wants = [&](const char* option) {
      return std::find(hello.want.begin(), hello.want.end(), option) != hello.want.end();
    };
    if (!wants("plain") && !wants("delta")) hello.want.push_back("delta");
    meshes_ = {};
    if (welcome) {
      hello.resume = welcome->resume;
      hello.have = have_;
    }
    greeted_ = false;
    link_.sendText(json::text(hello));
  }

  /// The socket closed, or never opened.
  void closed() {
    if (state == State::Closed || waiting_) return;
    if (state == State::Connecting && !welcome) return end("nobody answers there", "url");
    if (state == State::Open) {
      broke_ = now_;
      pause_ = FirstPause;
      enter(State::Resuming, "the connection broke");
    }
    if (now_ - broke_ > patience_) return end("the connection is lost", "");
    again_ = now_ + pause_;
    waiting_ = true;
    pause_ = std::min(LongestPause, pause_ * 2);
  }

  void text(const std::string& data) {
    if (auto update = json::update(data)) take(*update);
  }

  void binary(const std::uint8_t* data, std::size_t size) {
    if (MeshDecoder::handles(data, size)) {
      MeshDecoder::Result found = meshes_.decode(data, size);
      if (auto* mesh = std::get_if<Vertices>(&found)) return give(std::move(*mesh));
      if (auto* missing = std::get_if<BaseMissing>(&found)) {
        Ack ack;  // Frame 0: a whole one follows.
        ack.target = missing->target;
        send(ack);
      }
      return;
    }
    FrameMessage frame = decodeFrame(data, size);
    if (auto* mesh = std::get_if<Vertices>(&frame)) give(*mesh);
    else if (auto* pose = std::get_if<AvatarPose>(&frame)) give(UpdateMessage(*pose));
  }

 private:
  static constexpr double FirstPause = 0.05, LongestPause = 2;
  static constexpr std::int64_t ConfirmEvery = 16;

  Link link_;
  Hello hello_;
  double patience_;
  double now_ = 0, broke_ = 0, again_ = 0, pause_ = FirstPause;
  bool waiting_ = false, greeted_ = false;
  std::int64_t have_ = 0;
  MeshDecoder meshes_;
  std::vector<std::pair<std::string, std::string>> unanswered_;

  template <class T> static std::string idOf(T& message) {
    std::string found;
    message.fields([&](const char* name, auto& member, bool) {
      if constexpr (std::is_same_v<std::decay_t<decltype(member)>, std::string>)
        if (std::string(name) == "id") found = member;
    });
    return found;
  }

  template <class T> static std::string refOf(T& message) {
    std::string found;
    message.fields([&](const char* name, auto& member, bool) {
      if constexpr (std::is_same_v<std::decay_t<decltype(member)>, std::string>)
        if (std::string(name) == "ref") found = member;
    });
    return found;
  }

  void take(UpdateMessage& update) {
    if (!greeted_) return greet(update);
    const std::int64_t n = std::visit([](auto& m) { return m.n; }, update);
    if (n) {
      if (n <= have_) return;
      have_ = n;
      if (n % ConfirmEvery == 0) {
        Received received;
        received.upto = n;
        link_.sendText(json::text(received));
      }
    }
    const std::string ref = std::visit([](auto& m) { return refOf(m); }, update);
    const bool last = std::holds_alternative<Done>(update) || std::holds_alternative<ErrorUpdate>(update);
    if (last && !ref.empty()) {
      for (auto pair = unanswered_.begin(); pair != unanswered_.end(); ++pair) {
        if (pair->first != ref) continue;
        unanswered_.erase(pair);
        break;
      }
    }
    give(update);
  }

  void greet(UpdateMessage& update) {
    if (auto* refusal = std::get_if<ErrorUpdate>(&update)) {
      if (refusal->code == "resume" && welcome) {
        welcome.reset();  // Held no longer: begin a new visit; what was asked is asked there.
        link_.connect();
        return;
      }
      end(refusal->message, refusal->field);
      link_.disconnect();
      return;
    }
    auto* came = std::get_if<Welcome>(&update);
    if (!came) return;
    greeted_ = true;
    welcome = *came;
    if (came->resumed) ++resumed;
    else have_ = 0;
    const auto open = unanswered_;  // What is asked on hearing of the welcome goes out by itself.
    enter(State::Open, "");
    give(update);
    for (const auto& [id, text] : open) link_.sendText(text);
  }

  void give(const Arrival& update) {
    if (onUpdate) onUpdate(update);
  }

  void enter(State next, const std::string& reason) {
    state = next;
    if (onState) onState(next, reason);
  }

  void end(const std::string& reason, const std::string& field) {
    failure = reason;
    failureField = field;
    unanswered_.clear();
    waiting_ = false;
    enter(State::Closed, reason);
  }
};

}  // namespace showroom
