# Reads the GLBs that a showroom serves: triangles, base colour, textures, skins with all eight
# influences. Every vertex keeps its place, which the engine's own importer does not promise: worn
# cloth moves them one by one.
extends RefCounted

const COUNTS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}

var document = {}
var meshes = []  # {"arrays", "flags" for ArrayMesh, "material"}
var joints = []  # of the skin: {"name", "parent" (index or -1), "rest": Vector3}
var error = ""

var _binary = PackedByteArray()


# Whether the bytes could be read; `error` says why not.
func parse(data):
	var from = StreamPeerBuffer.new()
	from.data_array = data
	if data.size() < 20 or from.get_u32() != 0x46546C67 or from.get_u32() != 2:
		error = "not a GLB 2.0"
		return false
	if from.get_u32() != data.size():
		error = "a GLB of another length than it says"
		return false
	var length = from.get_u32()
	if from.get_u32() != 0x4E4F534A or 20 + length > data.size():
		error = "a GLB without JSON"
		return false
	var parsed = JSON.parse_string(data.slice(20, 20 + length).get_string_from_utf8())
	if not parsed is Dictionary:
		error = "a GLB whose JSON is broken"
		return false
	document = parsed
	var start = 20 + length
	if start + 8 < data.size():
		_binary = data.slice(start + 8, data.size())
	_read_skin()
	for mesh in document.get("meshes", []):
		for primitive in mesh["primitives"]:
			_read_primitive(primitive)
	return true


func _read_primitive(primitive):
	var attributes = primitive["attributes"]
	var arrays = []
	arrays.resize(Mesh.ARRAY_MAX)
	arrays[Mesh.ARRAY_VERTEX] = _vectors(attributes["POSITION"])
	if attributes.has("NORMAL"):
		arrays[Mesh.ARRAY_NORMAL] = _vectors(attributes["NORMAL"])
	if attributes.has("TEXCOORD_0"):
		var uv = PackedVector2Array()
		var flat = _numbers(attributes["TEXCOORD_0"])
		for i in range(0, flat.size(), 2):
			uv.append(Vector2(flat[i], flat[i + 1]))
		arrays[Mesh.ARRAY_TEX_UV] = uv
	# glTF's triangles are counter-clockwise from outside, Godot's clockwise.
	var indices = PackedInt32Array()
	var given = _numbers(primitive["indices"])
	for i in range(0, given.size(), 3):
		indices.append_array(PackedInt32Array([given[i], given[i + 2], given[i + 1]]))
	arrays[Mesh.ARRAY_INDEX] = indices
	if attributes.has("JOINTS_0"):
		_read_influences(attributes, arrays)
	var eight = Mesh.ARRAY_FLAG_USE_8_BONE_WEIGHTS if attributes.has("JOINTS_0") else 0
	meshes.append({
		"arrays": arrays, "flags": eight, "material": _material(primitive.get("material", -1)),
	})


# Four or eight bones a vertex, as eight.
func _read_influences(attributes, arrays):
	var sets = []
	for i in range(2):
		if attributes.has("JOINTS_%d" % i):
			sets.append([_numbers(attributes["JOINTS_%d" % i]), _numbers(attributes["WEIGHTS_%d" % i])])
	var count = arrays[Mesh.ARRAY_VERTEX].size()
	var bones = PackedInt32Array()
	var weights = PackedFloat32Array()
	bones.resize(8 * count)
	weights.resize(8 * count)
	for v in range(count):
		var sum = 0.0
		for s in range(sets.size()):
			for k in range(4):
				var weight = sets[s][1][4 * v + k]
				bones[8 * v + 4 * s + k] = int(sets[s][0][4 * v + k])
				weights[8 * v + 4 * s + k] = weight
				sum += weight
		for k in range(8):
			weights[8 * v + k] /= max(sum, 1e-6)
	arrays[Mesh.ARRAY_BONES] = bones
	arrays[Mesh.ARRAY_WEIGHTS] = weights


func _material(index):
	var out = StandardMaterial3D.new()
	if index < 0:
		return out
	var given = document["materials"][int(index)]
	var pbr = given.get("pbrMetallicRoughness", {})
	var colour = pbr.get("baseColorFactor", [1, 1, 1, 1])
	# Factors are linear, Godot's colours are sRGB.
	out.albedo_color = Color(
		pow(colour[0], 1 / 2.2), pow(colour[1], 1 / 2.2), pow(colour[2], 1 / 2.2), colour[3]
	)
	out.metallic = pbr.get("metallicFactor", 1.0)
	out.roughness = pbr.get("roughnessFactor", 1.0)
	if pbr.has("baseColorTexture"):
		out.albedo_texture = _texture(pbr["baseColorTexture"]["index"])
	if given.get("doubleSided", false):
		out.cull_mode = StandardMaterial3D.CULL_DISABLED
	return out


func _texture(index):
	var image = document["images"][int(document["textures"][int(index)]["source"])]
	var view = document["bufferViews"][int(image["bufferView"])]
	var start = int(view.get("byteOffset", 0))
	var bytes = _binary.slice(start, start + int(view["byteLength"]))
	var picture = Image.new()
	var failed
	if image["mimeType"] == "image/jpeg":
		failed = picture.load_jpg_from_buffer(bytes)
	else:
		failed = picture.load_png_from_buffer(bytes)
	if failed != OK:
		return null
	return ImageTexture.create_from_image(picture)


func _read_skin():
	if not document.has("skins"):
		return
	var nodes = document["nodes"]
	var parents = {}
	for i in range(nodes.size()):
		for child in nodes[i].get("children", []):
			parents[int(child)] = i
	var order = {}
	var given = document["skins"][0]["joints"]
	for i in range(given.size()):
		order[int(given[i])] = i
	for joint in given:
		var node = nodes[int(joint)]
		var move = node.get("translation", [0, 0, 0])
		joints.append({
			"name": node["name"],
			"parent": order.get(parents.get(int(joint), -1), -1),
			"rest": Vector3(move[0], move[1], move[2]),
		})


func _vectors(accessor):
	var flat = _numbers(accessor)
	var out = PackedVector3Array()
	out.resize(flat.size() / 3)
	for i in range(out.size()):
		out[i] = Vector3(flat[3 * i], flat[3 * i + 1], flat[3 * i + 2])
	return out


func _numbers(index):
	var accessor = document["accessors"][int(index)]
	var view = document["bufferViews"][int(accessor["bufferView"])]
	var width = COUNTS[accessor["type"]]
	var kind = int(accessor["componentType"])
	var size = {5120: 1, 5121: 1, 5122: 2, 5123: 2, 5125: 4, 5126: 4}[kind]
	var stride = int(view.get("byteStride", width * size))
	var start = int(view.get("byteOffset", 0)) + int(accessor.get("byteOffset", 0))
	var scale = 1.0
	if accessor.get("normalized", false):
		scale = 1.0 / {5120: 127.0, 5121: 255.0, 5122: 32767.0, 5123: 65535.0}[kind]
	var from = StreamPeerBuffer.new()
	from.data_array = _binary
	var out = []
	for i in range(int(accessor["count"])):
		from.seek(start + stride * i)
		for _k in range(width):
			match kind:
				5120: out.append(from.get_8() * scale)
				5121: out.append(from.get_u8() * scale)
				5122: out.append(from.get_16() * scale)
				5123: out.append(from.get_u16() * scale)
				5125: out.append(from.get_u32())
				5126: out.append(from.get_float())
	return out
