# A visit as a node: its transform is the play space's origin on the floor. Shows products and the
# avatar, streams poses, speaks.
extends Spatial

signal replied(text, lang)
signal problem(text)
signal product_changed(target)

const Connection = preload("connection.gd")
const Glb = preload("glb.gd")
const History = preload("history.gd")
const Products = preload("products.gd")
const SenderClock = preload("sender_clock.gd")

export var url = "ws://127.0.0.1:8765"
export var token = ""
export(String, "en", "zh") var language = "en"
export(float, 0.3, 3.0) var height = 1.70
export(float, 1, 120) var rate = 72.0
export(NodePath) var head_path  # tracked nodes: the camera, the controllers
export(NodePath) var left_path
export(NodePath) var right_path
export var autostart = true

var connection = Connection.new()
var products = {}  # id to the last product_shown, kept up to date
var models = {}  # id to its node
var figures = {}  # avatars: one's own under "", a companion's under their name

var _guest = false  # the room is somebody else's: one's own furniture is not in it
var _frames = {}
var _clocks = {}  # one for each person: skin stays in its sleeve
var _sent = 0.0
var _seq = 0
var _number = 0


func _ready():
	connection.connect("update", self, "_take")
	connection.connect("state_changed", self, "_state_changed")
	if autostart:
		start()


func start():
	connection.open(url, {"client": "godot/1", "lang": language, "token": token})


func _exit_tree():
	connection.close()


# What the visitor said or typed; yield(visit.say(...), "answered") waits for the answer.
func say(text):
	return connection.ask({"type": "utterance", "id": fresh(), "text": text, "lang": language})


# action and its arguments, as docs/protocol.md lists them.
func command(action, arguments = {}):
	var event = arguments.duplicate()
	event["type"] = "command"
	event["action"] = action
	event["id"] = fresh()
	return connection.ask(event)


# The visitor's measures, metres, by ISO 8559 name; they stay with the visit.
func set_body(stature, tape = {}):
	height = stature
	return connection.ask({"type": "body", "id": fresh(), "height": stature, "tape": tape})


# Shop together: without a room's code one is opened, and "company" tells its code. guests: what they
# may do there: "look", "move" or "change".
func join(name_, room = "", guests = "change"):
	return connection.ask({"type": "join", "id": fresh(), "name": name_, "room": room, "guests": guests})


# The host says what guests may do, all of them or one by name.
func allow(guests, who = ""):
	return connection.ask({"type": "allow", "id": fresh(), "guests": guests, "who": who})


# Go on alone.
func leave():
	return connection.ask({"type": "leave", "id": fresh()})


func point(target):
	connection.send({"type": "point", "id": fresh(), "target": target})


func fresh():
	_number += 1
	return "godot-%d-%d" % [get_instance_id(), _number]


func _process(_delta):
	connection.poll()
	var now = OS.get_ticks_usec() / 1.0e6
	if connection.state == Connection.State.OPEN and now - _sent >= 1.0 / rate and has_node(head_path):
		_sent = now
		_seq += 1
		var pose = {"type": "pose", "time": now, "seq": _seq, "head": seven(get_node(head_path))}
		for hand in [["left", left_path], ["right", right_path]]:
			if has_node(hand[1]) and get_node(hand[1]).visible:
				pose[hand[0]] = seven(get_node(hand[1]))
		connection.send(pose)
	for who in figures:
		_move_figure(figures[who], now)
	for target in _frames:
		_move_cloth(target, now)


# Where a node is in this visit's space: position and quaternion, seven numbers.
func seven(node):
	var local = global_transform.affine_inverse() * node.global_transform
	var turn = local.basis.get_rotation_quat()
	var at = local.origin
	return [at.x, at.y, at.z, turn.x, turn.y, turn.z, turn.w]


func _state_changed(state, reason):
	if state == Connection.State.CLOSED and reason != "the client left":
		emit_signal("problem", reason)


func _take(update):
	match update["type"]:
		"welcome":
			if not update.get("resumed", false):
				for target in products.keys():
					_remove(target)
				for who in figures.keys():
					_leave(who)
				set_body(height)
		"product_shown":
			products[update["target"]] = update
			_load(update["target"])
		"product_changed":
			if products.has(update["target"]):
				Products.change(products[update["target"]], update)
				if update.get("glb", "") != "":
					_load(update["target"])
				else:
					_place(update["target"])
				emit_signal("product_changed", update["target"])
		"product_removed":
			_remove(update["target"])
		"avatar_shown":
			_load_figure(_who(update), update["glb"])
		"avatar_pose":
			if figures.has(_who(update)):
				figures[_who(update)]["poses"].add(update["time"], update, OS.get_ticks_usec() / 1.0e6)
		"company":
			_meet(update)
		"mesh_frame":
			var target = update["target"]
			if _frames.has(target) and products.has(target) and products[target]["glb"] == update["glb"]:
				_frames[target].add(update["time"], update, OS.get_ticks_usec() / 1.0e6)
			connection.shown(update)
		"reply":
			emit_signal("replied", update["text"], update["lang"])
		"error":
			if not update.get("ref", "").begins_with("pose/"):
				emit_signal("problem", update["message"])


# Whose an avatar is: a companion's name, "" for one's own.
func _who(update):
	var who = update.get("who")
	return who if who != null else ""


# The clock of a person; of whoever wears a product, whose id begins with a companion's name and "/".
func _clock(who):
	if not _clocks.has(who):
		_clocks[who] = SenderClock.new()
	return _clocks[who]


func _load(target):
	var hash_ = products[target]["glb"]
	var data = yield(_fetch(hash_), "completed")
	if not products.has(target) or products[target]["glb"] != hash_:
		return  # Superseded while it was fetched.
	var glb = Glb.new()
	if not glb.parse(data):
		emit_signal("problem", glb.error)
		return
	var node = Spatial.new()
	node.name = target.replace(":", "_")
	for part in glb.meshes:
		var arrays = part["arrays"].duplicate()
		arrays[Mesh.ARRAY_BONES] = null
		arrays[Mesh.ARRAY_WEIGHTS] = null
		var mesh = ArrayMesh.new()
		mesh.add_surface_from_arrays(Mesh.PRIMITIVE_TRIANGLES, arrays)
		mesh.surface_set_material(0, part["material"])
		var holder = MeshInstance.new()
		holder.mesh = mesh
		holder.set_meta("arrays", arrays)
		node.add_child(holder)
	if models.has(target):
		models[target].queue_free()
	models[target] = node
	add_child(node)
	_undress(target)
	if products[target].get("worn", false):
		_frames[target] = History.new(_clock(target.substr(0, max(0, target.find("/")))))
		node.visible = false  # until the first frame
	else:
		_place(target)
	emit_signal("product_changed", target)


func _place(target):
	if not models.has(target) or products[target].get("worn", false):
		return
	var t = products[target]["transform"]
	var turn = Basis(Quat(t[3], t[4], t[5], t[6]).normalized())
	models[target].visible = not _guest or "/" in target
	models[target].transform = Transform(turn, Vector3(t[0], t[1], t[2]))


func _remove(target):
	products.erase(target)
	_undress(target)
	if models.has(target):
		models[target].queue_free()
		models.erase(target)
	emit_signal("product_changed", target)


# Its frames come no more: the body does not wait for them.
func _undress(target):
	if _frames.has(target):
		_frames[target].clear()
		_frames.erase(target)


func _move_cloth(target, now):
	var moment = _frames[target].at(now)
	if moment.empty() or not models.has(target):
		return
	var from = moment[0]["positions"]
	var to = moment[1]["positions"]
	if from.size() != to.size():
		from = to
	var shown = to
	if moment[2] < 1.0:
		shown = PoolVector3Array()
		shown.resize(to.size())
		for i in range(to.size()):
			shown[i] = from[i].linear_interpolate(to[i], moment[2])
	for holder in models[target].get_children():
		var arrays = holder.get_meta("arrays")
		if arrays[Mesh.ARRAY_VERTEX].size() != shown.size():
			continue  # of another mesh
		arrays[Mesh.ARRAY_VERTEX] = shown
		arrays[Mesh.ARRAY_NORMAL] = _normals(shown, arrays[Mesh.ARRAY_INDEX])
		var material = holder.mesh.surface_get_material(0)
		holder.mesh.surface_remove(0)
		holder.mesh.add_surface_from_arrays(Mesh.PRIMITIVE_TRIANGLES, arrays)
		holder.mesh.surface_set_material(0, material)
	models[target].visible = true


func _normals(vertices, indices):
	var out = PoolVector3Array()
	out.resize(vertices.size())
	for i in range(0, indices.size(), 3):
		var a = indices[i]
		var b = indices[i + 1]
		var c = indices[i + 2]
		var normal = (vertices[c] - vertices[a]).cross(vertices[b] - vertices[a])
		out[a] += normal
		out[b] += normal
		out[c] += normal
	for i in range(out.size()):
		out[i] = out[i].normalized()
	return out


# Who is in the room now; whoever is not, goes.
func _meet(company):
	_guest = company.get("host", "") != company.get("you", "")
	for target in models:
		_place(target)
	var there = [""]
	for companion in company.get("companions", []):
		there.append(companion["name"])
	for who in figures.keys():
		if not who in there:
			_leave(who)


func _leave(who):
	if figures[who]["skeleton"] != null:
		figures[who]["skeleton"].queue_free()
	figures[who]["poses"].clear()
	figures.erase(who)


func _load_figure(who, hash_):
	if not figures.has(who):
		figures[who] = {"skeleton": null, "rests": {}, "poses": History.new(_clock(who))}
	var figure = figures[who]
	figure["glb"] = hash_
	var data = yield(_fetch(hash_), "completed")
	var glb = Glb.new()
	if not figures.has(who) or figures[who] != figure or figure["glb"] != hash_:
		return  # Superseded, or gone, while it was fetched.
	if not glb.parse(data) or glb.joints.empty():
		emit_signal("problem", glb.error if glb.error != "" else "an avatar without a skeleton")
		return
	if figure["skeleton"] != null:
		figure["skeleton"].queue_free()
	var skeleton = Skeleton.new()
	var rests = {}
	for joint in glb.joints:
		skeleton.add_bone(joint["name"])
	for i in range(glb.joints.size()):
		var joint = glb.joints[i]
		skeleton.set_bone_parent(i, joint["parent"])
		skeleton.set_bone_rest(i, Transform(Basis(), joint["rest"]))
		rests[joint["name"]] = joint["rest"]
	for part in glb.meshes:
		var mesh = ArrayMesh.new()
		mesh.add_surface_from_arrays(Mesh.PRIMITIVE_TRIANGLES, part["arrays"])
		mesh.surface_set_material(0, part["material"])
		var holder = MeshInstance.new()
		holder.mesh = mesh
		skeleton.add_child(holder)
		holder.skeleton = NodePath("..")
	figure["skeleton"] = skeleton
	figure["rests"] = rests
	add_child(skeleton)


func _move_figure(figure, now):
	var moment = figure["poses"].at(now)
	var skeleton = figure["skeleton"]
	if moment.empty() or skeleton == null:
		return
	var from = moment[0]
	var to = moment[1]
	var hips = from["root"].linear_interpolate(to["root"], moment[2])
	for name in to["rotations"]:
		var bone = skeleton.find_bone(name)
		if bone < 0:
			continue
		var q = to["rotations"][name]
		var turn = from["rotations"].get(name, q).slerp(q, moment[2])
		var move = hips - figure["rests"]["hips"] if name == "hips" else Vector3()
		skeleton.set_bone_pose(bone, Transform(Basis(turn), move))


# The bytes of an asset; yield on "completed".
func _fetch(hash_):
	var request = HTTPRequest.new()
	request.use_threads = OS.can_use_threads()
	add_child(request)
	var headers = PoolStringArray()
	if token != "":
		headers.append("Authorization: Bearer " + token)
	var origin = "http" + url.substr(2)
	var failed = request.request("%s/asset/%s.glb" % [origin, hash_], headers)
	if failed != OK:
		yield(get_tree(), "idle_frame")
		request.queue_free()
		return PoolByteArray()
	var answer = yield(request, "request_completed")
	request.queue_free()
	return answer[3] if answer[1] == 200 else PoolByteArray()
