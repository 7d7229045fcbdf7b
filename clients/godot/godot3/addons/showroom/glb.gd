# Reads the GLBs that a showroom serves: triangles, base colour, textures, skins. Godot 3.2 cannot
# load glTF while a game runs; this reads what our server writes, and no more of the standard.
extends Reference

const COUNTS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}

var document = {}
var meshes = []  # {"arrays": ..., "material": SpatialMaterial, "joints": ..., "weights": ...}
var joints = []  # of the skin: {"name", "parent" (index or -1), "rest": Vector3}
var error = ""

var _binary = PoolByteArray()


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
	var parsed = JSON.parse(data.subarray(20, 19 + length).get_string_from_utf8())
	if parsed.error != OK or not parsed.result is Dictionary:
		error = "a GLB whose JSON is broken"
		return false
	document = parsed.result
	var start = 20 + length
	if start + 8 < data.size():
		_binary = data.subarray(start + 8, data.size() - 1)
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
		var uv = PoolVector2Array()
		var flat = _numbers(attributes["TEXCOORD_0"])
		for i in range(0, flat.size(), 2):
			uv.append(Vector2(flat[i], flat[i + 1]))
		arrays[Mesh.ARRAY_TEX_UV] = uv
	# glTF's triangles are counter-clockwise from outside, Godot's clockwise.
	var indices = PoolIntArray()
	var given = _numbers(primitive["indices"])
	for i in range(0, given.size(), 3):
		indices.append_array(PoolIntArray([given[i], given[i + 2], given[i + 1]]))
	arrays[Mesh.ARRAY_INDEX] = indices
	if attributes.has("JOINTS_0"):
		# Godot 3 has four influences: the four strongest, which come first.
		var bones = PoolIntArray()
		for joint in _numbers(attributes["JOINTS_0"]):
			bones.append(int(joint))
		var weights = PoolRealArray(_numbers(attributes["WEIGHTS_0"]))
		for i in range(0, weights.size(), 4):
			var sum = weights[i] + weights[i + 1] + weights[i + 2] + weights[i + 3]
			for k in range(4):
				weights[i + k] = weights[i + k] / max(sum, 1e-6)
		arrays[Mesh.ARRAY_BONES] = bones
		arrays[Mesh.ARRAY_WEIGHTS] = weights
	meshes.append({"arrays": arrays, "material": _material(primitive.get("material", -1))})


func _material(index):
	var out = SpatialMaterial.new()
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
		out.params_cull_mode = SpatialMaterial.CULL_DISABLED
	return out


func _texture(index):
	var image = document["images"][int(document["textures"][int(index)]["source"])]
	var view = document["bufferViews"][int(image["bufferView"])]
	var start = int(view.get("byteOffset", 0))
	var bytes = _binary.subarray(start, start + int(view["byteLength"]) - 1)
	var picture = Image.new()
	var failed
	if image["mimeType"] == "image/jpeg":
		failed = picture.load_jpg_from_buffer(bytes)
	else:
		failed = picture.load_png_from_buffer(bytes)
	if failed != OK:
		return null
	var texture = ImageTexture.new()
	texture.create_from_image(picture)
	return texture


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
	var out = PoolVector3Array()
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
