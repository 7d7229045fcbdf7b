// Written by `python -m showroom.protocol.languages`; do not edit.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

namespace showroom {

inline constexpr const char* Subprotocol = "showroom.v1";
inline constexpr int Version = 1;

/// VRM 1.0's humanoid bones, in the order that compact frames number them.
inline constexpr std::array<const char*, 55> Bones = {
    "hips",
    "spine",
    "chest",
    "upperChest",
    "neck",
    "head",
    "leftEye",
    "rightEye",
    "jaw",
    "leftUpperLeg",
    "leftLowerLeg",
    "leftFoot",
    "leftToes",
    "rightUpperLeg",
    "rightLowerLeg",
    "rightFoot",
    "rightToes",
    "leftShoulder",
    "leftUpperArm",
    "leftLowerArm",
    "leftHand",
    "rightShoulder",
    "rightUpperArm",
    "rightLowerArm",
    "rightHand",
    "leftThumbMetacarpal",
    "leftThumbProximal",
    "leftThumbDistal",
    "leftIndexProximal",
    "leftIndexIntermediate",
    "leftIndexDistal",
    "leftMiddleProximal",
    "leftMiddleIntermediate",
    "leftMiddleDistal",
    "leftRingProximal",
    "leftRingIntermediate",
    "leftRingDistal",
    "leftLittleProximal",
    "leftLittleIntermediate",
    "leftLittleDistal",
    "rightThumbMetacarpal",
    "rightThumbProximal",
    "rightThumbDistal",
    "rightIndexProximal",
    "rightIndexIntermediate",
    "rightIndexDistal",
    "rightMiddleProximal",
    "rightMiddleIntermediate",
    "rightMiddleDistal",
    "rightRingProximal",
    "rightRingIntermediate",
    "rightRingDistal",
    "rightLittleProximal",
    "rightLittleIntermediate",
    "rightLittleDistal",
};

/// An intent that Wit.ai found, such as "wit$confirmation" or one of the app's own.
struct WitIntent {
  std::string name;
  double confidence = 0;

  /// Calls visitor_(name, member, required) for each field.
  template <class Visit> void fields([[maybe_unused]] Visit&& visitor_) {
    visitor_("name", name, true);
    visitor_("confidence", confidence, false);
  }
};

/// Words of the sentence that Wit.ai resolved, such as "3 cm" to 3 "centimeter".
struct WitEntity {
  std::string name;
  std::string role;
  std::string body;
  std::variant<std::string, double> value;
  std::string unit;
  double confidence = 0;
  std::int64_t start = 0;
  std::int64_t end = 0;

  /// Calls visitor_(name, member, required) for each field.
  template <class Visit> void fields([[maybe_unused]] Visit&& visitor_) {
    visitor_("name", name, true);
    visitor_("role", role, false);
    visitor_("body", body, false);
    visitor_("value", value, false);
    visitor_("unit", unit, false);
    visitor_("confidence", confidence, false);
    visitor_("start", start, false);
    visitor_("end", end, false);
  }
};

/// A trait of the whole sentence, such as a sentiment.
struct WitTrait {
  std::variant<std::string, double> value;
  double confidence = 0;

  /// Calls visitor_(name, member, required) for each field.
  template <class Visit> void fields([[maybe_unused]] Visit&& visitor_) {
    visitor_("value", value, false);
    visitor_("confidence", confidence, false);
  }
};

/// What Wit.ai made of a sentence; intents best first, entities under "name:role".
struct WitResponse {
  std::string text;
  std::vector<WitIntent> intents;
  std::map<std::string, std::vector<WitEntity>> entities;
  std::map<std::string, std::vector<WitTrait>> traits;
  bool is_final = true;
  std::string type;

  /// Calls visitor_(name, member, required) for each field.
  template <class Visit> void fields([[maybe_unused]] Visit&& visitor_) {
    visitor_("text", text, false);
    visitor_("intents", intents, false);
    visitor_("entities", entities, false);
    visitor_("traits", traits, false);
    visitor_("is_final", is_final, false);
    visitor_("type", type, false);
  }
};

/// One number that a re-fit changed: parameter, unit, old and new value.
struct Change {
  std::string name;
  std::string unit;
  double old_ = 0;
  double new_ = 0;

  /// Calls visitor_(name, member, required) for each field.
  template <class Visit> void fields([[maybe_unused]] Visit&& visitor_) {
    visitor_("name", name, true);
    visitor_("unit", unit, true);
    visitor_("old", old_, true);
    visitor_("new", new_, true);
  }
};

/// One who is in the room; away while their connection is lost.
struct Companion {
  std::string name;
  bool away = false;
  std::string may = "change";

  /// Calls visitor_(name, member, required) for each field.
  template <class Visit> void fields([[maybe_unused]] Visit&& visitor_) {
    visitor_("name", name, true);
    visitor_("away", away, false);
    visitor_("may", may, false);
  }
};

/// Fit of one body region: garment girth minus body girth (ease), metres.
struct RegionFit {
  std::string region;
  double body = 0;
  double garment = 0;
  double ease = 0;
  std::string verdict;
  std::optional<double> strain;
  std::optional<double> gap;
  std::optional<double> contact;

  /// Calls visitor_(name, member, required) for each field.
  template <class Visit> void fields([[maybe_unused]] Visit&& visitor_) {
    visitor_("region", region, true);
    visitor_("body", body, true);
    visitor_("garment", garment, true);
    visitor_("ease", ease, true);
    visitor_("verdict", verdict, true);
    visitor_("strain", strain, false);
    visitor_("gap", gap, false);
    visitor_("contact", contact, false);
  }
};

/// One line of the basket; price of one piece as the shop wrote it, or "".
struct BasketLine {
  std::string target;
  std::map<std::string, std::string> name;
  std::int64_t count = 0;
  std::string size;
  std::string color;
  std::string price;
  std::string currency;

  /// Calls visitor_(name, member, required) for each field.
  template <class Visit> void fields([[maybe_unused]] Visit&& visitor_) {
    visitor_("target", target, true);
    visitor_("name", name, true);
    visitor_("count", count, true);
    visitor_("size", size, false);
    visitor_("color", color, false);
    visitor_("price", price, false);
    visitor_("currency", currency, false);
  }
};

/// One recommended product.
struct Suggestion {
  std::string target;
  std::map<std::string, std::string> name;
  std::string because;
  std::string shared;
  std::map<std::string, std::string> reason;

  /// Calls visitor_(name, member, required) for each field.
  template <class Visit> void fields([[maybe_unused]] Visit&& visitor_) {
    visitor_("target", target, true);
    visitor_("name", name, true);
    visitor_("because", because, false);
    visitor_("shared", shared, false);
    visitor_("reason", reason, false);
  }
};

/// The first message of a visit.
struct Hello {
  static constexpr const char* Type = "hello";
  std::int64_t n = 0;
  std::int64_t version = 1;
  std::string client;
  std::string lang = "en";
  std::vector<std::string> want;
  std::string token;
  std::string resume;
  std::int64_t have = 0;
  std::string watch;
  std::string id;

  /// Calls visitor_(name, member, required) for each field.
  template <class Visit> void fields([[maybe_unused]] Visit&& visitor_) {
    visitor_("version", version, false);
    visitor_("client", client, false);
    visitor_("lang", lang, false);
    visitor_("want", want, false);
    visitor_("token", token, false);
    visitor_("resume", resume, false);
    visitor_("have", have, false);
    visitor_("watch", watch, false);
    visitor_("id", id, false);
  }
};

/// The visitor's body: height and, where known, tape measures (ISO 8559 names), metres.
struct Body {
  static constexpr const char* Type = "body";
  std::int64_t n = 0;
  double height = 0;
  std::string gender = "neutral";
  std::map<std::string, double> tape;
  std::optional<double> weight_kg;
  std::string id;

  /// Calls visitor_(name, member, required) for each field.
  template <class Visit> void fields([[maybe_unused]] Visit&& visitor_) {
    visitor_("height", height, true);
    visitor_("gender", gender, false);
    visitor_("tape", tape, false);
    visitor_("weight_kg", weight_kg, false);
    visitor_("id", id, false);
  }
};

/// One frame of the headset and two controllers, in the play space.
struct Pose {
  static constexpr const char* Type = "pose";
  std::int64_t n = 0;
  double time = 0;
  std::array<double, 7> head;
  std::optional<std::array<double, 7>> left;
  std::optional<std::array<double, 7>> right;
  std::int64_t seq = 0;
  std::map<std::string, std::array<double, 7>> joints;
  std::string skeleton = "vrm";

  /// Calls visitor_(name, member, required) for each field.
  template <class Visit> void fields([[maybe_unused]] Visit&& visitor_) {
    visitor_("time", time, true);
    visitor_("head", head, true);
    visitor_("left", left, false);
    visitor_("right", right, false);
    visitor_("seq", seq, false);
    visitor_("joints", joints, false);
    visitor_("skeleton", skeleton, false);
  }
};

/// What the visitor said or typed; partial ones (is_final false) change nothing.
struct Utterance {
  static constexpr const char* Type = "utterance";
  std::int64_t n = 0;
  std::string id;
  std::string text;
  std::string lang;
  std::int64_t rev = 0;
  bool is_final = true;
  std::optional<WitResponse> wit;

  /// Calls visitor_(name, member, required) for each field.
  template <class Visit> void fields([[maybe_unused]] Visit&& visitor_) {
    visitor_("id", id, true);
    visitor_("text", text, true);
    visitor_("lang", lang, false);
    visitor_("rev", rev, false);
    visitor_("is_final", is_final, false);
    visitor_("wit", wit, false);
  }
};

/// A resolved intent in SI units; also what a button sends.
struct Command {
  static constexpr const char* Type = "command";
  std::int64_t n = 0;
  std::string action;
  std::string id;
  std::string target;
  std::string part;
  std::string parameter;
  std::optional<double> delta;
  std::optional<double> value;
  std::optional<double> factor;
  std::string direction;
  std::string size;
  std::int64_t size_step = 0;
  std::string color;
  std::string option;
  std::string near;
  std::int64_t count = 0;
  std::string material;
  std::optional<double> price_low;
  std::optional<double> price_high;
  std::optional<std::array<double, 3>> at;

  /// Calls visitor_(name, member, required) for each field.
  template <class Visit> void fields([[maybe_unused]] Visit&& visitor_) {
    visitor_("action", action, true);
    visitor_("id", id, false);
    visitor_("target", target, false);
    visitor_("part", part, false);
    visitor_("parameter", parameter, false);
    visitor_("delta", delta, false);
    visitor_("value", value, false);
    visitor_("factor", factor, false);
    visitor_("direction", direction, false);
    visitor_("size", size, false);
    visitor_("size_step", size_step, false);
    visitor_("color", color, false);
    visitor_("option", option, false);
    visitor_("near", near, false);
    visitor_("count", count, false);
    visitor_("material", material, false);
    visitor_("price_low", price_low, false);
    visitor_("price_high", price_high, false);
    visitor_("at", at, false);
  }
};

/// What the pointing ray hits: a product id, or "" for nothing.
struct Point {
  static constexpr const char* Type = "point";
  std::int64_t n = 0;
  std::string target;
  std::string id;

  /// Calls visitor_(name, member, required) for each field.
  template <class Visit> void fields([[maybe_unused]] Visit&& visitor_) {
    visitor_("target", target, false);
    visitor_("id", id, false);
  }
};

/// The visitor's own room: a metric floor plan.
struct RoomPlan {
  static constexpr const char* Type = "room";
  std::int64_t n = 0;
  std::vector<std::array<double, 2>> outline;
  double height = 2.6;
  std::vector<std::tuple<std::string, std::int64_t, double, double, double, double>> openings;
  std::vector<std::array<double, 6>> obstacles;
  std::string id;

  /// Calls visitor_(name, member, required) for each field.
  template <class Visit> void fields([[maybe_unused]] Visit&& visitor_) {
    visitor_("outline", outline, true);
    visitor_("height", height, false);
    visitor_("openings", openings, false);
    visitor_("obstacles", obstacles, false);
    visitor_("id", id, false);
  }
};

/// Time passes: time in seconds, never going back.
struct Clock {
  static constexpr const char* Type = "clock";
  std::int64_t n = 0;
  double time = 0;

  /// Calls visitor_(name, member, required) for each field.
  template <class Visit> void fields([[maybe_unused]] Visit&& visitor_) {
    visitor_("time", time, true);
  }
};

/// Shop together with others: see their avatars and what they wear, and be seen.
struct Join {
  static constexpr const char* Type = "join";
  std::int64_t n = 0;
  std::string room;
  std::string name = "guest";
  std::string guests = "change";
  std::string id;

  /// Calls visitor_(name, member, required) for each field.
  template <class Visit> void fields([[maybe_unused]] Visit&& visitor_) {
    visitor_("room", room, false);
    visitor_("name", name, false);
    visitor_("guests", guests, false);
    visitor_("id", id, false);
  }
};

/// Leave the room that was joined; the visit goes on alone.
struct Leave {
  static constexpr const char* Type = "leave";
  std::int64_t n = 0;
  std::string id;

  /// Calls visitor_(name, member, required) for each field.
  template <class Visit> void fields([[maybe_unused]] Visit&& visitor_) {
    visitor_("id", id, false);
  }
};

/// The host says what guests may do with what stands in the room.
struct Allow {
  static constexpr const char* Type = "allow";
  std::int64_t n = 0;
  std::string guests;
  std::string who;
  std::string id;

  /// Calls visitor_(name, member, required) for each field.
  template <class Visit> void fields([[maybe_unused]] Visit&& visitor_) {
    visitor_("guests", guests, true);
    visitor_("who", who, false);
    visitor_("id", id, false);
  }
};

/// Send a photo in chunks, or go on with one that a break has cut off.
struct Upload {
  static constexpr const char* Type = "upload";
  std::int64_t n = 0;
  std::int64_t size = 0;
  std::string hash;
  std::string what = "product";
  bool consent = false;
  std::optional<double> height;
  std::string gender = "neutral";
  std::string id;

  /// Calls visitor_(name, member, required) for each field.
  template <class Visit> void fields([[maybe_unused]] Visit&& visitor_) {
    visitor_("size", size, true);
    visitor_("hash", hash, true);
    visitor_("what", what, false);
    visitor_("consent", consent, false);
    visitor_("height", height, false);
    visitor_("gender", gender, false);
    visitor_("id", id, false);
  }
};

/// A piece of an upload, in order; crc is its CRC-32 (zlib's, RFC 1950's polynomial).
struct UploadChunk {
  static constexpr const char* Type = "upload_chunk";
  std::int64_t n = 0;
  std::string upload;
  std::int64_t offset = 0;
  std::string data;
  std::int64_t crc = 0;

  /// Calls visitor_(name, member, required) for each field.
  template <class Visit> void fields([[maybe_unused]] Visit&& visitor_) {
    visitor_("upload", upload, true);
    visitor_("offset", offset, true);
    visitor_("data", data, true);
    visitor_("crc", crc, true);
  }
};

/// The microphone is open: chunks follow until :class:`AudioStop`.
struct AudioStart {
  static constexpr const char* Type = "audio-start";
  std::int64_t n = 0;
  std::string id;
  std::int64_t rate = 16000;
  std::int64_t width = 2;
  std::int64_t channels = 1;
  std::string lang;

  /// Calls visitor_(name, member, required) for each field.
  template <class Visit> void fields([[maybe_unused]] Visit&& visitor_) {
    visitor_("id", id, true);
    visitor_("rate", rate, false);
    visitor_("width", width, false);
    visitor_("channels", channels, false);
    visitor_("lang", lang, false);
  }
};

/// Samples of the microphone, or of a reply that is spoken; seq counts from 0.
struct AudioChunk {
  static constexpr const char* Type = "audio-chunk";
  std::int64_t n = 0;
  std::string data;
  std::int64_t seq = 0;

  /// Calls visitor_(name, member, required) for each field.
  template <class Visit> void fields([[maybe_unused]] Visit&& visitor_) {
    visitor_("data", data, true);
    visitor_("seq", seq, false);
  }
};

/// No more chunks come: a push-to-talk button was let go. An open turn ends with it.
struct AudioStop {
  static constexpr const char* Type = "audio-stop";
  std::int64_t n = 0;

  /// Calls visitor_(name, member, required) for each field.
  template <class Visit> void fields([[maybe_unused]] Visit&& visitor_) {
  }
};

/// The client has played, or stopped, the reply ref of a :class:`Speak`.
struct PlaybackFinished {
  static constexpr const char* Type = "playback-finished";
  std::int64_t n = 0;
  std::string ref;

  /// Calls visitor_(name, member, required) for each field.
  template <class Visit> void fields([[maybe_unused]] Visit&& visitor_) {
    visitor_("ref", ref, true);
  }
};

/// From a client: what is being said is to be forgotten. From the server: stop playing ref.
struct Cancel {
  static constexpr const char* Type = "cancel";
  std::int64_t n = 0;
  std::string ref;

  /// Calls visitor_(name, member, required) for each field.
  template <class Visit> void fields([[maybe_unused]] Visit&& visitor_) {
    visitor_("ref", ref, false);
  }
};

/// Clock sync; answered by :class:`Pong` with the same time.
struct Ping {
  static constexpr const char* Type = "ping";
  std::int64_t n = 0;
  double time = 0;
  std::string id;

  /// Calls visitor_(name, member, required) for each field.
  template <class Visit> void fields([[maybe_unused]] Visit&& visitor_) {
    visitor_("time", time, true);
    visitor_("id", id, false);
  }
};

/// The client has shown mesh frame frame of target; returns one credit.
struct Ack {
  static constexpr const char* Type = "ack";
  std::int64_t n = 0;
  std::string target;
  std::int64_t frame = 0;

  /// Calls visitor_(name, member, required) for each field.
  template <class Visit> void fields([[maybe_unused]] Visit&& visitor_) {
    visitor_("target", target, true);
    visitor_("frame", frame, true);
  }
};

/// All reliable updates up to upto have arrived; the server need not keep them.
struct Received {
  static constexpr const char* Type = "received";
  std::int64_t n = 0;
  std::int64_t upto = 0;

  /// Calls visitor_(name, member, required) for each field.
  template <class Visit> void fields([[maybe_unused]] Visit&& visitor_) {
    visitor_("upto", upto, true);
  }
};

/// The visitor leaves; nothing of the visit is kept.
struct Bye {
  static constexpr const char* Type = "bye";
  std::int64_t n = 0;

  /// Calls visitor_(name, member, required) for each field.
  template <class Visit> void fields([[maybe_unused]] Visit&& visitor_) {
  }
};

/// The visit is open, or goes on.
struct Welcome {
  static constexpr const char* Type = "welcome";
  std::int64_t n = 0;
  std::string visit;
  std::int64_t version = 1;
  std::string server;
  std::vector<std::string> capabilities;
  std::string resume;
  bool resumed = false;
  double hold = 0;
  std::string watch;

  /// Calls visitor_(name, member, required) for each field.
  template <class Visit> void fields([[maybe_unused]] Visit&& visitor_) {
    visitor_("visit", visit, true);
    visitor_("version", version, false);
    visitor_("server", server, false);
    visitor_("capabilities", capabilities, false);
    visitor_("resume", resume, false);
    visitor_("resumed", resumed, false);
    visitor_("hold", hold, false);
    visitor_("watch", watch, false);
  }
};

/// time from the ping, server_time in seconds of the server's clock.
struct Pong {
  static constexpr const char* Type = "pong";
  std::int64_t n = 0;
  double time = 0;
  double server_time = 0;
  std::string ref;

  /// Calls visitor_(name, member, required) for each field.
  template <class Visit> void fields([[maybe_unused]] Visit&& visitor_) {
    visitor_("time", time, true);
    visitor_("server_time", server_time, true);
    visitor_("ref", ref, false);
  }
};

/// The room that the visitor stands in: a scene's name and its floor plan.
struct RoomShown {
  static constexpr const char* Type = "room_shown";
  std::int64_t n = 0;
  std::string scene;
  std::vector<std::array<double, 2>> outline;
  double height = 0;
  std::string ref;

  /// Calls visitor_(name, member, required) for each field.
  template <class Visit> void fields([[maybe_unused]] Visit&& visitor_) {
    visitor_("scene", scene, true);
    visitor_("outline", outline, true);
    visitor_("height", height, true);
    visitor_("ref", ref, false);
  }
};

/// A product is to be seen: load the GLB by hash and put it at transform.
struct ProductShown {
  static constexpr const char* Type = "product_shown";
  std::int64_t n = 0;
  std::string target;
  std::string glb;
  std::map<std::string, std::string> name;
  std::string kind;
  std::string category;
  std::array<double, 7> transform;
  bool worn = false;
  std::string size;
  std::string color;
  std::map<std::string, double> values;
  std::vector<std::string> sizes;
  std::vector<std::string> colors;
  std::map<std::string, std::array<double, 2>> ranges;
  std::string price;
  std::string currency;
  std::string ref;

  /// Calls visitor_(name, member, required) for each field.
  template <class Visit> void fields([[maybe_unused]] Visit&& visitor_) {
    visitor_("target", target, true);
    visitor_("glb", glb, true);
    visitor_("name", name, true);
    visitor_("kind", kind, true);
    visitor_("category", category, true);
    visitor_("transform", transform, true);
    visitor_("worn", worn, false);
    visitor_("size", size, false);
    visitor_("color", color, false);
    visitor_("values", values, false);
    visitor_("sizes", sizes, false);
    visitor_("colors", colors, false);
    visitor_("ranges", ranges, false);
    visitor_("price", price, false);
    visitor_("currency", currency, false);
    visitor_("ref", ref, false);
  }
};

/// A product was re-fitted, recoloured or moved.
struct ProductChanged {
  static constexpr const char* Type = "product_changed";
  std::int64_t n = 0;
  std::string target;
  std::vector<Change> changes;
  std::array<double, 7> transform;
  std::string glb;
  std::string size;
  std::string color;
  std::string ref;

  /// Calls visitor_(name, member, required) for each field.
  template <class Visit> void fields([[maybe_unused]] Visit&& visitor_) {
    visitor_("target", target, true);
    visitor_("changes", changes, true);
    visitor_("transform", transform, true);
    visitor_("glb", glb, false);
    visitor_("size", size, false);
    visitor_("color", color, false);
    visitor_("ref", ref, false);
  }
};

/// A product left the room or the body.
struct ProductRemoved {
  static constexpr const char* Type = "product_removed";
  std::int64_t n = 0;
  std::string target;
  std::string ref;

  /// Calls visitor_(name, member, required) for each field.
  template <class Visit> void fields([[maybe_unused]] Visit&& visitor_) {
    visitor_("target", target, true);
    visitor_("ref", ref, false);
  }
};

/// The visitor's avatar: a skinned GLB by hash, and its measures in metres (ISO 8559).
struct AvatarShown {
  static constexpr const char* Type = "avatar_shown";
  std::int64_t n = 0;
  std::string glb;
  double height = 0;
  std::map<std::string, double> measures;
  std::string ref;
  std::string who;

  /// Calls visitor_(name, member, required) for each field.
  template <class Visit> void fields([[maybe_unused]] Visit&& visitor_) {
    visitor_("glb", glb, true);
    visitor_("height", height, true);
    visitor_("measures", measures, true);
    visitor_("ref", ref, false);
    visitor_("who", who, false);
  }
};

/// The avatar's pose: root position and local bone rotations under VRM 1.0 names.
struct AvatarPose {
  static constexpr const char* Type = "avatar_pose";
  std::int64_t n = 0;
  double time = 0;
  std::array<double, 3> root;
  std::map<std::string, std::array<double, 4>> rotations;
  std::int64_t seq = 0;
  std::string who;

  /// Calls visitor_(name, member, required) for each field.
  template <class Visit> void fields([[maybe_unused]] Visit&& visitor_) {
    visitor_("time", time, true);
    visitor_("root", root, true);
    visitor_("rotations", rotations, true);
    visitor_("seq", seq, false);
    visitor_("who", who, false);
  }
};

/// Who is in the room, whenever that changes.
struct Company {
  static constexpr const char* Type = "company";
  std::int64_t n = 0;
  std::string room;
  std::string you;
  std::string host;
  std::string may = "change";
  std::vector<Companion> companions;
  std::string ref;

  /// Calls visitor_(name, member, required) for each field.
  template <class Visit> void fields([[maybe_unused]] Visit&& visitor_) {
    visitor_("room", room, true);
    visitor_("you", you, false);
    visitor_("host", host, false);
    visitor_("may", may, false);
    visitor_("companions", companions, false);
    visitor_("ref", ref, false);
  }
};

/// All vertices of one mesh in one frame (target is "avatar" or a product id).
struct MeshFrame {
  static constexpr const char* Type = "mesh_frame";
  std::int64_t n = 0;
  std::string target;
  std::string glb;
  std::int64_t frame = 0;
  double time = 0;
  std::string positions;

  /// Calls visitor_(name, member, required) for each field.
  template <class Visit> void fields([[maybe_unused]] Visit&& visitor_) {
    visitor_("target", target, true);
    visitor_("glb", glb, true);
    visitor_("frame", frame, true);
    visitor_("time", time, true);
    visitor_("positions", positions, true);
  }
};

/// How the worn garment fits this body.
struct FitReport {
  static constexpr const char* Type = "fit_report";
  std::int64_t n = 0;
  std::string target;
  std::string size;
  std::vector<RegionFit> regions;
  std::string recommended;
  std::map<std::string, std::string> reason;
  std::string next_best;
  double confidence = 0;
  std::map<std::string, std::string> labels;
  std::string ref;

  /// Calls visitor_(name, member, required) for each field.
  template <class Visit> void fields([[maybe_unused]] Visit&& visitor_) {
    visitor_("target", target, true);
    visitor_("size", size, true);
    visitor_("regions", regions, true);
    visitor_("recommended", recommended, true);
    visitor_("reason", reason, true);
    visitor_("next_best", next_best, false);
    visitor_("confidence", confidence, false);
    visitor_("labels", labels, false);
    visitor_("ref", ref, false);
  }
};

/// The strain map of a worn garment at rest.
struct FitMap {
  static constexpr const char* Type = "fit_map";
  std::int64_t n = 0;
  std::string target;
  std::string glb;
  std::string bands;
  std::string ref;

  /// Calls visitor_(name, member, required) for each field.
  template <class Visit> void fields([[maybe_unused]] Visit&& visitor_) {
    visitor_("target", target, true);
    visitor_("glb", glb, true);
    visitor_("bands", bands, true);
    visitor_("ref", ref, false);
  }
};

/// What to say to the visitor, in their language; choices when it is a question.
struct Reply {
  static constexpr const char* Type = "reply";
  std::int64_t n = 0;
  std::string text;
  std::string lang;
  std::string ref;
  std::vector<std::string> choices;
  std::vector<std::string> sources;

  /// Calls visitor_(name, member, required) for each field.
  template <class Visit> void fields([[maybe_unused]] Visit&& visitor_) {
    visitor_("text", text, true);
    visitor_("lang", lang, true);
    visitor_("ref", ref, false);
    visitor_("choices", choices, false);
    visitor_("sources", sources, false);
  }
};

/// All that is in the basket now.
struct BasketShown {
  static constexpr const char* Type = "basket_shown";
  std::int64_t n = 0;
  std::vector<BasketLine> lines;
  std::map<std::string, std::string> total;
  std::int64_t unpriced = 0;
  std::string ref;

  /// Calls visitor_(name, member, required) for each field.
  template <class Visit> void fields([[maybe_unused]] Visit&& visitor_) {
    visitor_("lines", lines, true);
    visitor_("total", total, true);
    visitor_("unpriced", unpriced, false);
    visitor_("ref", ref, false);
  }
};

/// Products that may please, best first.
struct Recommended {
  static constexpr const char* Type = "recommended";
  std::int64_t n = 0;
  std::vector<Suggestion> products;
  std::string ref;

  /// Calls visitor_(name, member, required) for each field.
  template <class Visit> void fields([[maybe_unused]] Visit&& visitor_) {
    visitor_("products", products, true);
    visitor_("ref", ref, false);
  }
};

/// How an utterance was understood, after Wit.ai's JSON plus resolved.
struct Heard {
  static constexpr const char* Type = "intent";
  std::int64_t n = 0;
  std::string utterance_id;
  std::string text;
  std::string lang;
  std::int64_t rev = 0;
  bool is_final = false;
  std::vector<std::map<std::string, std::variant<std::string, double>>> intents;
  std::map<std::string, std::vector<std::map<std::string, std::variant<std::string, double>>>> entities;
  std::vector<std::map<std::string, std::variant<std::string, double>>> resolved;
  std::optional<std::string> clarify;

  /// Calls visitor_(name, member, required) for each field.
  template <class Visit> void fields([[maybe_unused]] Visit&& visitor_) {
    visitor_("utterance_id", utterance_id, true);
    visitor_("text", text, true);
    visitor_("lang", lang, true);
    visitor_("rev", rev, true);
    visitor_("is_final", is_final, true);
    visitor_("intents", intents, true);
    visitor_("entities", entities, true);
    visitor_("resolved", resolved, false);
    visitor_("clarify", clarify, false);
  }
};

/// What was heard of an utterance so far; the final one is carried out.
struct Transcript {
  static constexpr const char* Type = "transcript";
  std::int64_t n = 0;
  std::string utterance_id;
  std::string text;
  std::string lang;
  std::int64_t rev = 0;
  bool is_final = false;
  double stability = 0;
  double confidence = 0;
  std::string reason;

  /// Calls visitor_(name, member, required) for each field.
  template <class Visit> void fields([[maybe_unused]] Visit&& visitor_) {
    visitor_("utterance_id", utterance_id, true);
    visitor_("text", text, true);
    visitor_("lang", lang, true);
    visitor_("rev", rev, true);
    visitor_("is_final", is_final, true);
    visitor_("stability", stability, false);
    visitor_("confidence", confidence, false);
    visitor_("reason", reason, false);
  }
};

/// Say a reply aloud; answered by playback-finished with id as its ref.
struct Speak {
  static constexpr const char* Type = "speak";
  std::int64_t n = 0;
  std::string id;
  std::string text;
  std::string lang;
  std::string ref;
  std::int64_t rate = 16000;
  std::int64_t width = 2;
  std::int64_t channels = 1;
  std::int64_t samples = 0;

  /// Calls visitor_(name, member, required) for each field.
  template <class Visit> void fields([[maybe_unused]] Visit&& visitor_) {
    visitor_("id", id, true);
    visitor_("text", text, true);
    visitor_("lang", lang, true);
    visitor_("ref", ref, false);
    visitor_("rate", rate, false);
    visitor_("width", width, false);
    visitor_("channels", channels, false);
    visitor_("samples", samples, false);
  }
};

/// How much of an upload has arrived.
struct UploadState {
  static constexpr const char* Type = "upload_state";
  std::int64_t n = 0;
  std::int64_t received = 0;
  std::int64_t size = 0;
  bool wanted = false;
  std::string ref;

  /// Calls visitor_(name, member, required) for each field.
  template <class Visit> void fields([[maybe_unused]] Visit&& visitor_) {
    visitor_("received", received, true);
    visitor_("size", size, true);
    visitor_("wanted", wanted, false);
    visitor_("ref", ref, false);
  }
};

/// Long work goes on: done of 0 to 1.
struct Progress {
  static constexpr const char* Type = "progress";
  std::int64_t n = 0;
  std::string task;
  double done = 0;
  std::string text;
  std::string ref;

  /// Calls visitor_(name, member, required) for each field.
  template <class Visit> void fields([[maybe_unused]] Visit&& visitor_) {
    visitor_("task", task, true);
    visitor_("done", done, true);
    visitor_("text", text, false);
    visitor_("ref", ref, false);
  }
};

/// Event ref is answered: no more updates come for it.
struct Done {
  static constexpr const char* Type = "done";
  std::int64_t n = 0;
  std::string ref;

  /// Calls visitor_(name, member, required) for each field.
  template <class Visit> void fields([[maybe_unused]] Visit&& visitor_) {
    visitor_("ref", ref, true);
  }
};

/// Something was wrong with a message; the visit lives on.
struct ErrorUpdate {
  static constexpr const char* Type = "error";
  std::int64_t n = 0;
  std::string code;
  std::string message;
  std::string field;
  std::string expected;
  std::string got;
  std::string ref;

  /// Calls visitor_(name, member, required) for each field.
  template <class Visit> void fields([[maybe_unused]] Visit&& visitor_) {
    visitor_("code", code, true);
    visitor_("message", message, true);
    visitor_("field", field, false);
    visitor_("expected", expected, false);
    visitor_("got", got, false);
    visitor_("ref", ref, false);
  }
};

using EventMessage = std::variant<
    Hello,
    Body,
    Pose,
    Utterance,
    Command,
    Point,
    RoomPlan,
    Clock,
    Join,
    Leave,
    Allow,
    Upload,
    UploadChunk,
    AudioStart,
    AudioChunk,
    AudioStop,
    PlaybackFinished,
    Cancel,
    Ping,
    Ack,
    Received,
    Bye>;

using UpdateMessage = std::variant<
    Welcome,
    Pong,
    RoomShown,
    ProductShown,
    ProductChanged,
    ProductRemoved,
    AvatarShown,
    AvatarPose,
    Company,
    MeshFrame,
    FitReport,
    FitMap,
    Reply,
    BasketShown,
    Recommended,
    Heard,
    Transcript,
    Speak,
    AudioChunk,
    Cancel,
    UploadState,
    Progress,
    Done,
    ErrorUpdate>;

}  // namespace showroom
