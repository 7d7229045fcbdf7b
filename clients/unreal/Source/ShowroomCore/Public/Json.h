// The messages' fields to and from JSON, by RapidJSON.
#pragma once

#include <type_traits>

#include "Messages.h"
#include "rapidjson/document.h"
#include "rapidjson/stringbuffer.h"
#include "rapidjson/writer.h"

namespace showroom::json {

using Writer = rapidjson::Writer<rapidjson::StringBuffer>;
using Value = rapidjson::Value;

inline void write(Writer& out, const std::string& v) { out.String(v.data(), rapidjson::SizeType(v.size())); }
inline void write(Writer& out, double v) { out.Double(v); }
inline void write(Writer& out, std::int64_t v) { out.Int64(v); }
inline void write(Writer& out, bool v) { out.Bool(v); }
template <class T> void write(Writer& out, const std::optional<T>& v);
template <class T> void write(Writer& out, const std::vector<T>& v);
template <class T, std::size_t N> void write(Writer& out, const std::array<T, N>& v);
template <class T> void write(Writer& out, const std::map<std::string, T>& v);
template <class... T> void write(Writer& out, const std::tuple<T...>& v);
template <class... T> void write(Writer& out, const std::variant<T...>& v);
template <class T, class = decltype(std::declval<T&>().fields(0))> void write(Writer& out, const T& v);

inline bool isEmpty(const std::string& v) { return v.empty(); }
template <class T> bool isEmpty(const std::vector<T>& v) { return v.empty(); }
template <class T> bool isEmpty(const std::map<std::string, T>& v) { return v.empty(); }
template <class T> bool isEmpty(const std::optional<T>& v) { return !v; }
template <class T> bool isEmpty(const T&) { return false; }

template <class T> void object(Writer& out, const T& message, const char* type) {
  out.StartObject();
  if (type) {
    out.Key("type");
    out.String(type);
  }
  const_cast<T&>(message).fields([&](const char* name, auto& member, bool required) {
    if (!required && isEmpty(member)) return;
    out.Key(name);
    write(out, member);
  });
  out.EndObject();
}

template <class T> void write(Writer& out, const std::optional<T>& v) {
  if (v) write(out, *v);
  else out.Null();
}
template <class T> void write(Writer& out, const std::vector<T>& v) {
  out.StartArray();
  for (const auto& item : v) write(out, item);
  out.EndArray();
}
template <class T, std::size_t N> void write(Writer& out, const std::array<T, N>& v) {
  out.StartArray();
  for (const auto& item : v) write(out, item);
  out.EndArray();
}
template <class T> void write(Writer& out, const std::map<std::string, T>& v) {
  out.StartObject();
  for (const auto& [name, item] : v) {
    out.Key(name.c_str());
    write(out, item);
  }
  out.EndObject();
}
template <class... T> void write(Writer& out, const std::tuple<T...>& v) {
  out.StartArray();
  std::apply([&](const auto&... part) { (write(out, part), ...); }, v);
  out.EndArray();
}
template <class... T> void write(Writer& out, const std::variant<T...>& v) {
  std::visit([&](const auto& part) { write(out, part); }, v);
}
template <class T, class> void write(Writer& out, const T& v) { object(out, v, nullptr); }

/// Any event as text.
template <class T> std::string text(const T& message) {
  rapidjson::StringBuffer buffer;
  Writer out(buffer);
  object(out, message, T::Type);
  return {buffer.GetString(), buffer.GetSize()};
}

inline bool read(const Value& from, std::string& v) {
  if (!from.IsString()) return false;
  v.assign(from.GetString(), from.GetStringLength());
  return true;
}
inline bool read(const Value& from, double& v) { return from.IsNumber() && (v = from.GetDouble(), true); }
inline bool read(const Value& from, std::int64_t& v) { return from.IsInt64() && (v = from.GetInt64(), true); }
inline bool read(const Value& from, bool& v) { return from.IsBool() && (v = from.GetBool(), true); }
template <class T> bool read(const Value& from, std::optional<T>& v);
template <class T> bool read(const Value& from, std::vector<T>& v);
template <class T, std::size_t N> bool read(const Value& from, std::array<T, N>& v);
template <class T> bool read(const Value& from, std::map<std::string, T>& v);
template <class... T> bool read(const Value& from, std::tuple<T...>& v);
inline bool read(const Value& from, std::variant<std::string, double>& v);
template <class T, class = decltype(std::declval<T&>().fields(0))> bool read(const Value& from, T& v);

template <class T> bool read(const Value& from, std::optional<T>& v) {
  if (from.IsNull()) {
    v.reset();
    return true;
  }
  return read(from, v.emplace());
}
template <class T> bool read(const Value& from, std::vector<T>& v) {
  if (!from.IsArray()) return false;
  v.clear();
  for (const auto& item : from.GetArray())
    if (!read(item, v.emplace_back())) return false;
  return true;
}
template <class T, std::size_t N> bool read(const Value& from, std::array<T, N>& v) {
  if (!from.IsArray() || from.Size() != N) return false;
  for (std::size_t i = 0; i < N; ++i)
    if (!read(from[rapidjson::SizeType(i)], v[i])) return false;
  return true;
}
template <class T> bool read(const Value& from, std::map<std::string, T>& v) {
  if (!from.IsObject()) return false;
  v.clear();
  for (const auto& member : from.GetObject())
    if (!read(member.value, v[member.name.GetString()])) return false;
  return true;
}
template <class... T> bool read(const Value& from, std::tuple<T...>& v) {
  if (!from.IsArray() || from.Size() != sizeof...(T)) return false;
  rapidjson::SizeType i = 0;
  return std::apply([&](auto&... part) { return (read(from[i++], part) && ...); }, v);
}
inline bool read(const Value& from, std::variant<std::string, double>& v) {
  if (from.IsString()) v = std::string(from.GetString(), from.GetStringLength());
  else if (from.IsNumber()) v = from.GetDouble();
  else return false;
  return true;
}
template <class T, class> bool read(const Value& from, T& v) {
  if (!from.IsObject()) return false;
  bool right = true;
  v.fields([&](const char* name, auto& member, bool required) {
    const auto found = from.FindMember(name);
    if (found == from.MemberEnd()) right = right && !required;
    else right = right && read(found->value, member);
  });
  return right;
}

template <class F, std::size_t... I> void each(F&& attempt, std::index_sequence<I...>) {
  (attempt(std::variant_alternative_t<I, UpdateMessage>{}), ...);
}

/// The update that a text frame holds; nothing for what this client does not know or cannot read.
inline std::optional<UpdateMessage> update(const std::string& text) {
  rapidjson::Document document;
  document.Parse(text.data(), text.size());
  if (document.HasParseError() || !document.IsObject()) return {};
  const auto type = document.FindMember("type");
  if (type == document.MemberEnd() || !type->value.IsString()) return {};
  std::optional<UpdateMessage> found;
  const auto attempt = [&](auto message) {
    if (found || std::string(message.Type) != type->value.GetString() || !read(document, message)) return;
    const auto n = document.FindMember("n");
    if (n != document.MemberEnd() && n->value.IsInt64()) message.n = n->value.GetInt64();
    found = std::move(message);
  };
  each(attempt, std::make_index_sequence<std::variant_size_v<UpdateMessage>>{});
  return found;
}

}  // namespace showroom::json
