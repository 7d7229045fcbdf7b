// The core's own tests, without Unreal: tests/clients/test_unreal.py compiles and runs them.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <set>
#include <sstream>

#include "Compact.h"
#include "Frames.h"
#include "History.h"
#include "Products.h"
#include "Session.h"

using namespace showroom;

static void check(bool right, const std::string& what) {
  if (right) return;
  std::fprintf(stderr, "not so: %s\n", what.c_str());
  std::exit(1);
}

static double now() {
  using namespace std::chrono;
  return duration<double>(steady_clock::now().time_since_epoch()).count();
}

static rapidjson::Document load(const char* path) {
  std::ifstream file(path);
  std::stringstream all;
  all << file.rdbuf();
  rapidjson::Document out;
  out.Parse(all.str().c_str());
  check(!out.HasParseError(), path);
  return out;
}

template <std::size_t N> std::array<double, N> numbers(const rapidjson::Value& list) {
  std::array<double, N> out;
  check(json::read(list, out), "a list of numbers");
  return out;
}

template <class A, class B> void near(const A& a, const B& b, double tolerance, const std::string& what) {
  for (std::size_t i = 0; i < b.size(); ++i) check(std::fabs(a[i] - b[i]) <= tolerance, what);
}

static void goldenFrames(const char* path) {
  const auto document = load(path);
  check(document["vectors"].Size() == 8, "8 vectors");
  for (const auto& vector : document["vectors"].GetArray()) {
    const std::string name = vector["name"].GetString();
    const auto p = numbers<3>(vector["protocol"]["position"]);
    const auto q = numbers<4>(vector["protocol"]["rotation"]);
    near(frames::toUnreal(p), numbers<3>(vector["unreal"]["position"]), 1e-4, "position of " + name);
    const auto turned = frames::toUnreal(q), wanted = numbers<4>(vector["unreal"]["rotation"]);
    double dot = 0;
    for (int i = 0; i < 4; ++i) dot += turned[i] * wanted[i];
    check(std::fabs(std::fabs(dot) - 1) < 1e-6, "rotation of " + name);
    near(frames::fromUnreal(frames::toUnreal(p)), p, 1e-12, "the way back of " + name);
    near(frames::fromUnreal(turned), q, 1e-12, "the turn back of " + name);
  }
}

static Bytes unhex(const std::string& hex) {
  Bytes out;
  for (std::size_t i = 0; i < hex.size(); i += 2)
    out.push_back(std::uint8_t(std::stoi(hex.substr(i, 2), nullptr, 16)));
  return out;
}

static void compactFrames(const char* path) {
  auto golden = load(path);
  for (auto& pair : golden["poses"].GetArray()) {
    Pose pose;
    check(json::read(pair["message"], pose), "a pose");
    check(encodePose(pose) == unhex(pair["hex"].GetString()), "pose bytes");
    pose.left = pose.head;
    (*pose.left)[0] += 9;
    check(encodePose(pose).empty(), "a far hand is left to JSON");
  }
  const auto avatar = unhex(golden["avatar"]["hex"].GetString());
  AvatarPose wanted;
  check(json::read(golden["avatar"]["message"], wanted), "an avatar pose");
  const auto pose = std::get<AvatarPose>(decodeFrame(avatar.data(), avatar.size()));
  check(pose.seq == wanted.seq && pose.time == wanted.time, "the avatar's head");
  near(pose.root, wanted.root, 0.000126, "root");
  for (const auto& [bone, q] : wanted.rotations) near(pose.rotations.at(bone), q, 2e-5, bone);
  const auto mesh = unhex(golden["mesh"]["hex"].GetString());
  const auto frame = std::get<Vertices>(decodeFrame(mesh.data(), mesh.size()));
  check(frame.target == golden["mesh"]["target"].GetString(), "target");
  check(frame.glb == golden["mesh"]["glb"].GetString(), "hash");
  std::vector<double> xyz;
  check(json::read(golden["mesh"]["xyz"], xyz), "vertices");
  near(frame.positions, xyz, 2e-5, "vertices");
  const auto companion = unhex(golden["companion"]["hex"].GetString());
  const auto other = std::get<AvatarPose>(decodeFrame(companion.data(), companion.size()));
  check(other.who == golden["companion"]["who"].GetString() && other.root == pose.root, "a companion");
  for (const auto& whole : {avatar, mesh, companion})
    for (std::size_t length = 0; length < whole.size(); ++length)
      check(decodeFrame(whole.data(), length).index() == 0, "a cut frame is refused");
}

static void meshFrames(const char* path) {
  auto golden = load(path);
  MeshDecoder decoder;
  std::set<int> kinds;
  Bytes last;
  for (auto& vector : golden["frames"].GetArray()) {
    const auto data = unhex(vector["hex"].GetString());
    kinds.insert(data[2]);
    if (data[2] == 1) last = data;
    const auto frame = MeshDecoder::handles(data.data(), data.size())
                           ? std::get<Vertices>(decoder.decode(data.data(), data.size()))
                           : std::get<Vertices>(decodeFrame(data.data(), data.size()));
    check(frame.frame == vector["frame"].GetUint() && frame.target == vector["target"].GetString(), "a mesh frame's head");
    std::vector<double> grid;
    check(json::read(vector["grid"], grid) && grid.size() == frame.positions.size(), "vertices of a mesh frame");
    for (std::size_t i = 0; i < grid.size(); ++i)
      check(std::fabs(frame.positions[i] - grid[i] * compact::Unit) < vector["within"].GetDouble(), "a vertex");
  }
  check(kinds == std::set<int>{0, 1, 2}, "all encodings");
  for (auto& vector : golden["refused"].GetArray()) {
    // A copy of just this size, so that a sanitizer sees every byte read behind it.
    const auto data = unhex(vector["hex"].GetString());
    check(decoder.decode(data.data(), data.size()).index() == (vector["base"].GetBool() ? 1u : 0u),
          std::string("refused as it should be: ") + vector["why"].GetString());
  }
  check(decoder.decode(last.data(), last.size()).index() == 2, "what was refused leaves no trace");
  check(MeshDecoder().decode(last.data(), last.size()).index() == 1, "a new decoder has nothing to build on");
}

static double value(const History<double>::Moment& moment) {
  check(moment.from && moment.to, "there is something to show");
  return *moment.from + (*moment.to - *moment.from) * moment.share;
}

static void histories() {
  History<double> history(std::make_shared<SenderClock>(0.05));
  check(!history.at(1).from, "nothing at first");
  const double late[] = {0.01, 0.04, 0.01, 0.035, 0.012, 0.02};
  for (int i = 0; i < 6; ++i) history.add(i * 0.02, i * 0.02, 100 + i * 0.02 + late[i]);
  for (double moment : {100.075, 100.09, 100.12})
    check(std::fabs(value(history.at(moment)) - (moment - 100.06)) < 0.004, "smooth");
  history.add(0.001, 9, 200);
  check(*history.at(300).from == 0.1 && *history.at(300).to == 0.1, "a late one is left out, nothing made up");
  History<double> anew;
  anew.add(100, 1, 0);
  check(*anew.at(-5).from == 1 && *anew.at(-5).to == 1, "nothing is made up before the first");
  anew.add(1, 2, 0.1);
  check(*anew.at(5).to == 2, "a sender whose clock begins anew is followed");
}

// A body and what it wears.
static void oneClock() {
  {
    Clocks clocks;
    check(clocks.ofTarget("Mia/tshirt") == clocks.of("Mia") && clocks.ofTarget("tshirt") == clocks.of(""), "whose clock");
    History<double> body(clocks.of("")), sleeve(clocks.ofTarget("tshirt"));
    double before = 0;
    int small = 0;
    for (int i = 0; i < 400; ++i) {
      const double time = i * 0.01;
      body.add(time, time, 50 + time);
      if (i % 8 == 0 && i >= 2) sleeve.add(time - 0.02, time - 0.02, 50 + time);  // 12.5 Hz, 20 ms late
      const auto worn = sleeve.at(50 + time);
      if (i < 100) continue;
      const double moment = value(body.at(50 + time));
      check(std::fabs(moment - value(worn)) < 1e-6, "a body is never ahead of its sleeve");
      check(time - moment < 0.15, "not far behind");
      if (i > 100) {
        check(moment >= before && moment - before < 0.03, "small steps");
        small += moment - before < 0.004;
      }
      before = moment;
    }
    check(small < 0.15 * 299, "it does not stand still between two of the sleeve's samples");
  }
  {
    const auto clock = std::make_shared<SenderClock>();
    History<double> body(clock), sleeve(clock);
    auto hem = std::make_unique<History<double>>(clock);
    for (int i = 0; i < 100; ++i) {
      const double time = i * 0.01;
      body.add(time, time, time);
      if (i < 60) sleeve.add(time, time, time);
      if (i < 95) hem->add(time, time, time);
      if (i == 95) hem.reset();
    }
    check(*body.at(0.99).to > 0.95, "a body does not wait for cloth that comes no more");
  }
  const auto clock = std::make_shared<SenderClock>();
  History<double> earlier(clock), later(clock);
  for (int i = 0; i < 10; ++i) earlier.add(100 + i * 0.02, i, i * 0.02);
  earlier.at(0.2);
  for (int i = 0; i < 10; ++i) later.add(1 + i * 0.02, i, 9 + i * 0.02);
  check(value(later.at(9.18)) < 9, "who comes back with a clock that began anew is followed");
}

static void changes() {
  ProductShown shirt;
  shirt.glb = "a";
  shirt.size = "M";
  shirt.color = "navy";
  shirt.values = {{"sleeve_length", 0.2}};
  ProductChanged refit;
  refit.glb = "b";
  refit.transform = {1, 0, 0, 0, 0, 0, 1};
  refit.changes = {{"sleeve_length", "m", 0.2, 0.23}, {"x", "m", 0, 1}};
  change(shirt, refit);
  check(shirt.size == "M" && shirt.color == "navy", "a re-fitted product keeps size and colour");
  check(shirt.values == std::map<std::string, double>{{"sleeve_length", 0.23}}, "its numbers");
  check(shirt.glb == "b" && shirt.transform == refit.transform, "its shape and place");
  ProductChanged other;
  other.transform = refit.transform;
  other.size = "L";
  other.color = "red";
  change(shirt, other);
  check(shirt.size == "L" && shirt.color == "red" && shirt.glb == "b", "another size and colour");
}

// A websocket client as small as a test allows (RFC 6455).
class Socket {
 public:
  explicit Socket(int port) : port_(port) {}
  ~Socket() { drop(); }

  bool connect() {
    drop();
    fd_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(std::uint16_t(port_));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to)) return false;
    const std::string ask =
        "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Protocol: showroom.v1\r\n\r\n";
    if (::send(fd_, ask.data(), ask.size(), MSG_NOSIGNAL) < 0) return false;
    in_.clear();
    while (true) {
      if (!fill(2000)) return false;
      const std::string head(in_.begin(), in_.end());
      const auto end = head.find("\r\n\r\n");
      if (end == std::string::npos) continue;
      in_.erase(in_.begin(), in_.begin() + std::ptrdiff_t(end) + 4);
      return head.rfind("HTTP/1.1 101", 0) == 0;
    }
  }

  void drop() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

  void send(int kind, const void* data, std::size_t size) {
    Bytes out = {std::uint8_t(0x80 | kind)};
    if (size < 126) out.push_back(std::uint8_t(0x80 | size));
    else out.insert(out.end(), {0xFE, std::uint8_t(size >> 8), std::uint8_t(size)});
    out.insert(out.end(), {0, 0, 0, 0});  // a mask of zeros leaves the bytes as they are
    const auto* from = static_cast<const std::uint8_t*>(data);
    out.insert(out.end(), from, from + size);
    if (fd_ >= 0) (void)!::send(fd_, out.data(), out.size(), MSG_NOSIGNAL);
  }

  // 1: a frame came; 0: nothing yet; -1: closed.
  int receive(int& kind, Bytes& data, int milliseconds) {
    while (true) {
      if (in_.size() >= 2) {
        std::uint64_t size = in_[1] & 127;
        std::size_t head = 2;
        if (size == 126) head = 4;
        if (size == 127) head = 10;
        if (in_.size() >= head) {
          if (head > 2) {
            size = 0;
            for (std::size_t i = 2; i < head; ++i) size = size << 8 | in_[i];
          }
          if (in_.size() >= head + size) {
            kind = in_[0] & 15;
            data.assign(in_.begin() + std::ptrdiff_t(head), in_.begin() + std::ptrdiff_t(head + size));
            in_.erase(in_.begin(), in_.begin() + std::ptrdiff_t(head + size));
            return kind == 8 ? -1 : 1;
          }
        }
      }
      pollfd one{fd_, POLLIN, 0};
      if (::poll(&one, 1, milliseconds) == 0) return 0;
      if (!fill(0)) return -1;
    }
  }

 private:
  bool fill(int milliseconds) {
    pollfd one{fd_, POLLIN, 0};
    ::poll(&one, 1, milliseconds);
    std::uint8_t buffer[65536];
    const auto got = ::recv(fd_, buffer, sizeof buffer, 0);
    if (got <= 0) return false;
    in_.insert(in_.end(), buffer, buffer + got);
    return true;
  }

  int port_, fd_ = -1;
  Bytes in_;
};

struct Visitor {
  bool asks;
  Socket socket;
  bool wanted = false, open = false;
  Session session;
  std::vector<std::string> said;
  int refused = 0, frames = 0, answered = 0;
  std::size_t received = 0;

  explicit Visitor(int port, bool askAtOnce = false)
      : asks(askAtOnce), socket(port),
        session(
            {[this] { wanted = true; }, [this] { socket.drop(); },
             [this](const std::string& text) { socket.send(1, text.data(), text.size()); },
             [this](const Bytes& data) { socket.send(2, data.data(), data.size()); }},
            hello(), 20) {
    session.onUpdate = [this](const Arrival& arrival) {
      if (const auto* mesh = std::get_if<Vertices>(&arrival)) {
        check(mesh->positions.size() == 15000, "vertices");
        for (const float place : mesh->positions)
          check(std::fabs(place - mesh->time) <= 0.000126, "where the vertices are");
        ++frames;
        session.shown(*mesh);
        return;
      }
      const auto& update = std::get<UpdateMessage>(arrival);
      if (asks && std::holds_alternative<Welcome>(update)) {
        Utterance utterance;  // on hearing of the welcome: goes out once
        utterance.id = "w1";
        utterance.text = "at once";
        session.send(utterance);
      }
      if (const auto* reply = std::get_if<Reply>(&update)) said.push_back(reply->text);
      if (std::holds_alternative<Done>(update)) ++answered;
      if (std::holds_alternative<ErrorUpdate>(update)) ++refused;
    };
    session.open(now());
  }

  static Hello hello() {
    Hello out;
    out.client = "test/1";
    out.lang = "zh";
    return out;
  }

  void step() {
    session.tick(now());
    if (wanted) {
      wanted = false;
      open = socket.connect();
      if (open) session.opened();
      else session.closed();
      return;
    }
    if (!open) {
      ::usleep(2000);
      return;
    }
    int kind = 0;
    Bytes data;
    const int got = socket.receive(kind, data, 5);
    if (got < 0) {
      socket.drop();
      open = false;
      session.closed();
    } else if (got > 0) {
      received += data.size();
      if (kind == 1) session.text({data.begin(), data.end()});
      if (kind == 2) session.binary(data.data(), data.size());
    }
  }

  template <class Until> void until(Until&& so, const std::string& what) {
    for (const double end = now() + 30; !so();) {
      check(now() < end, what + " in time");
      step();
    }
  }
};

int main(int, char** arguments) {
  goldenFrames(arguments[1]);
  compactFrames(arguments[2]);
  meshFrames(arguments[3]);
  histories();
  oneClock();
  changes();
  {
    Visitor visitor(std::stoi(arguments[4]), true);
    visitor.until([&] { return visitor.session.state == State::Open; }, "a welcome");
    visitor.until([&] { return visitor.answered == 1; }, "an answer");
    check(visitor.said == std::vector<std::string>{"1: at once"}, "what was asked at once");
    visitor.said.clear();
    visitor.answered = 0;
    Utterance utterance;
    utterance.id = "u1";
    utterance.text = "你好";
    utterance.lang = "zh";
    visitor.session.send(utterance);
    visitor.until([&] { return visitor.answered == 1; }, "an answer");
    check(visitor.said == std::vector<std::string>{"2: 你好"}, "the answer");
    Body body;
    body.id = "b1";
    body.height = 1.7;
    visitor.session.send(body);
    visitor.until([&] { return visitor.refused >= 1; }, "a refusal");
    check(visitor.refused == 1, "one refusal");
    Pose pose;
    pose.head = {0, 1.6, 0, 0, 0, 0, 1};
    const double begun = now();
    visitor.until(
        [&] {
          pose.time = now() - begun;
          ++pose.seq;
          visitor.session.send(pose);
          return visitor.frames > 8;
        },
        "mesh frames");
    check(visitor.received < 8 * 15000, "mesh frames come as differences");
    visitor.session.close();
  }
  {
    Visitor visitor(std::stoi(arguments[5]));
    visitor.until([&] { return visitor.session.state == State::Open; }, "a welcome");
    for (int i = 1; i <= 80; ++i) {
      Utterance utterance;
      utterance.id = "u" + std::to_string(i);
      utterance.text = "say " + std::to_string(i);
      visitor.session.send(utterance);
      visitor.until([&] { return visitor.answered == i; }, "answer " + std::to_string(i));
    }
    for (int i = 1; i <= 80; ++i) {
      const std::string number = std::to_string(i);
      check(visitor.said.at(std::size_t(i - 1)) == number + ": say " + number, "answer " + number);
    }
    check(visitor.said.size() == 80, "nothing is said twice");
    check(visitor.session.resumed > 3, "resumed");
    visitor.session.close();
  }
  {
    Visitor visitor(1);
    visitor.until([&] { return visitor.session.state == State::Closed; }, "nobody");
    check(visitor.session.failureField == "url", "nobody answers");
  }
  std::puts("all is so");
}
