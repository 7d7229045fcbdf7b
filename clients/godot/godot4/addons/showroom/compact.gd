# Compact binary frames, little endian: 0xC1, the kind, then the layouts of docs/protocol.md.
# Positions count 0.25 mm; quaternions are four int16 with 1.0 = 32767.
#
# Godot's frame is the protocol's (right-handed, Y up, -Z forward): nothing is converted.
extends RefCounted

const Bones = preload("bones.gd")

const MAGIC = 0xC1
const POSE = 1
const AVATAR = 2
const MESH = 3
const COMPANION = 5
const UNIT = 0.00025
const ONE = 32767.0
const NO_HASH = "0000000000000000000000000000000000000000000000000000000000000000"


# A pose (a dictionary with time, seq, head and perhaps left, right; each an array of position and
# quaternion) in 36 bytes, 14 more for each hand. Empty if a hand is more than 8.19 m from the head:
# send the pose as JSON then.
static func encode_pose(pose):
	var left = pose.get("left")
	var right = pose.get("right")
	var out = StreamPeerBuffer.new()
	out.put_u8(MAGIC)
	out.put_u8(POSE)
	out.put_u8((1 if left != null else 0) | (2 if right != null else 0))
	out.put_u8(0)
	out.put_u32(int(pose.get("seq", 0)))
	out.put_double(pose["time"])
	var head = []
	for i in range(3):
		head.append(int(round(pose["head"][i] / UNIT)))
		out.put_32(head[i])
	_put_rotation(out, pose["head"])
	for hand in [left, right]:
		if hand == null:
			continue
		for i in range(3):
			var offset = int(round(hand[i] / UNIT)) - head[i]
			if abs(offset) > ONE:
				return PackedByteArray()
			out.put_16(offset)
		_put_rotation(out, hand)
	return out.data_array


# An avatar_pose or mesh_frame as a dictionary; empty for bytes that are not what their head says.
# Differences between mesh frames are for meshes.gd.
static func decode(data):
	if data.size() < 28 or data[0] != MAGIC:
		return {}
	match data[1]:
		AVATAR:
			return _avatar(data)
		COMPANION:
			return _companion(data)
		MESH:
			return _mesh(data)
	return {}


static func _avatar(data):
	if data.size() < 28 or data[0] != MAGIC or data[1] != AVATAR:
		return {}
	var count = data[2]
	var start = _padded(28 + count)
	if data.size() != start + 8 * count:
		return {}
	var from = StreamPeerBuffer.new()
	from.data_array = data
	from.seek(4)
	var seq = from.get_u32()
	var time = from.get_double()
	var root = Vector3(from.get_32(), from.get_32(), from.get_32()) * UNIT
	var rotations = {}
	for i in range(count):
		var bone = data[28 + i]
		if bone >= Bones.NAMES.size():
			return {}
		from.seek(start + 8 * i)
		var q = Quaternion(from.get_16(), from.get_16(), from.get_16(), from.get_16())
		rotations[Bones.NAMES[bone]] = Quaternion(q.x / ONE, q.y / ONE, q.z / ONE, q.w / ONE)
	return {"type": "avatar_pose", "seq": seq, "time": time, "root": root, "rotations": rotations}


static func _companion(data):
	var start = 4 + _padded(data[3])
	if data.size() < start + 28:
		return {}
	var pose = _avatar(data.slice(start, data.size()))
	if not pose.is_empty():
		pose["who"] = _text(data, 4, data[3])
	return pose


# What every mesh frame opens with; "from" reads on, its vertices begin at "start".
static func mesh_head(data):
	if data.size() < 76:
		return {}
	var name = data[3]
	var start = _padded(76 + name)
	if data.size() < start:
		return {}
	var from = StreamPeerBuffer.new()
	from.data_array = data
	from.seek(4)
	var frame = from.get_u32()
	var time = from.get_double()
	var count = from.get_u32()
	var glb = data.slice(20, 52).hex_encode()
	return {
		"type": "mesh_frame",
		"target": _text(data, 76, name),
		"glb": "" if glb == NO_HASH else glb,
		"frame": frame,
		"time": time,
		"count": count,
		"start": start,
		"from": from,
	}


static func _mesh(data):
	var mesh = mesh_head(data)
	if mesh.is_empty() or data[2] != 0 or data.size() != mesh["start"] + 6 * mesh["count"]:
		return {}
	var from = mesh["from"]
	from.seek(52)
	var corner = Vector3(from.get_float(), from.get_float(), from.get_float())
	var step = Vector3(from.get_float(), from.get_float(), from.get_float())
	var positions = PackedVector3Array()
	positions.resize(mesh["count"])
	from.seek(mesh["start"])
	for i in range(mesh["count"]):
		var at = Vector3(from.get_u16(), from.get_u16(), from.get_u16())
		positions[i] = corner + step * at
	mesh["positions"] = positions
	mesh.erase("from")
	mesh.erase("count")
	mesh.erase("start")
	return mesh


static func _text(data, from, length):
	return data.slice(from, from + length).get_string_from_utf8() if length else ""


static func _padded(bytes):
	return (bytes + 3) & ~3


static func _put_rotation(out, seven):
	for i in range(3, 7):
		out.put_16(int(clamp(round(seven[i] * ONE), -ONE, ONE)))
