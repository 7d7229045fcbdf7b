# The mesh frames of one connection, in the order in which they come: whole, or differences to frames
# that have come ("delta" in the hello). Coordinates are whole numbers of 0.25 mm, so that nothing adds
# up. Layouts: docs/protocol.md.
#
# GDScript is slow at loops: all three axes are worked on at once, as vectors, which are exact for whole
# numbers up to 2^24 (4 km); and in arrays that are not pools.
extends RefCounted

const Compact = preload("compact.gd")

const DIFFERENCE = 1
const WHOLE = 2
const KEPT = 8
const MOST_VERTICES = 65536
const DEFLATE = 1  # File.COMPRESSION_DEFLATE: zlib's format

var _tracks = {}  # target to {"glb", "first", "second", "frames": {number: array of Vector3}}
var _signed = []  # a byte as a number from -128 to 127


func _init():
	for byte in range(256):
		_signed.append(float(byte if byte < 128 else byte - 256))


# Whether a frame is one that only this can read.
static func handles(data):
	return data.size() > 2 and data[0] == Compact.MAGIC and data[1] == Compact.MESH and data[2] != 0


# A mesh_frame as a dictionary; {"missing": target} for a difference to a frame that has not come:
# acknowledge frame 0 of that target, and a whole one follows. Empty for bytes that are not what their
# head says.
func decode(data):
	var frame = Compact.mesh_head(data)
	if frame.is_empty() or frame["count"] > MOST_VERTICES:
		return {}
	var target = frame["target"]
	var grid
	if data[2] == WHOLE:
		grid = _whole(data, frame)
	elif data[2] == DIFFERENCE:
		var track = _tracks.get(target)
		if track == null or track["glb"] != frame["glb"]:
			return {"missing": target}
		frame["from"].seek(68)
		var base = track["frames"].get(frame["from"].get_u32())
		if base == null or base.size() != frame["count"]:
			return {"missing": target}
		grid = _difference(data, frame, track, base)
	else:
		return {}
	if grid.is_empty():
		return {}
	var frames = _tracks[target]["frames"]
	frames.erase(frame["frame"])
	frames[frame["frame"]] = grid
	while frames.size() > KEPT:
		frames.erase(frames.keys()[0])
	frame["positions"] = _positions(grid)
	frame.erase("from")
	frame.erase("count")
	frame.erase("start")
	return frame


func _whole(data, frame):
	var count = frame["count"]
	var end = frame["start"] + 6 * count
	if data.size() <= end:
		return []
	var from = frame["from"]
	from.seek(52)
	var low = []
	for _k in range(3):
		var corner = from.get_float() / Compact.UNIT
		if not abs(corner) < 1 << 30:
			return []
		low.append(int(round(corner)))
	for _k in range(3):
		if abs(from.get_float() - Compact.UNIT) > 1e-9:
			return []
	var packed = data.slice(end, data.size()).decompress(4 * count, DEFLATE)
	if packed.size() != 4 * count:
		return []
	var neighbours = []
	for half in range(2):
		var places = []
		places.resize(count)
		for v in range(count):
			var i = 2 * (half * count + v)
			var back = packed[i] | packed[i + 1] << 8
			if back > v:
				return []
			places[v] = v - back if back else count  # one too far: who has not moved
		neighbours.append(places)
	var grid = []
	grid.resize(count)
	from.seek(frame["start"])
	var corner = Vector3(low[0], low[1], low[2])
	for v in range(count):
		grid[v] = corner + Vector3(from.get_u16(), from.get_u16(), from.get_u16())
	var track = _tracks.get(frame["target"])
	if track == null or track["glb"] != frame["glb"] or track["first"].size() != count:
		track = {"glb": frame["glb"], "frames": {}}
		_tracks[frame["target"]] = track
	track["first"] = neighbours[0]
	track["second"] = neighbours[1]
	return grid


func _difference(data, frame, track, base):
	var count = frame["count"]
	var packed = PackedByteArray()
	if data.size() > frame["start"]:
		packed = data.slice(frame["start"], data.size()).decompress(3 * count, DEFLATE)
	if packed.size() != 3 * count:
		return []
	var from = frame["from"]
	from.seek(52)
	var offset = Vector3(from.get_32(), from.get_32(), from.get_32())
	var first = track["first"]
	var second = track["second"]
	var signed = _signed
	var residuals = Array(packed)
	var twice = 2 * count
	var grid = []
	grid.resize(count)
	var moved = []
	moved.resize(count + 1)
	moved[count] = Vector3()
	for v in range(count):
		var m = (
			((moved[first[v]] + moved[second[v]]) * 0.5).floor()
			+ Vector3(signed[residuals[v]], signed[residuals[v + count]], signed[residuals[v + twice]])
		)
		moved[v] = m
		grid[v] = base[v] + offset + m
	return grid


func _positions(grid):
	var out = PackedVector3Array(grid)
	for v in range(grid.size()):
		out[v] *= Compact.UNIT
	return out
