# The add-on's tests, in a headless engine: tests/clients/test_godot.py runs them.
extends SceneTree

const Compact = preload("res://addons/showroom/compact.gd")
const Connection = preload("res://addons/showroom/connection.gd")
const Glb = preload("res://addons/showroom/glb.gd")
const History = preload("res://addons/showroom/history.gd")
const Meshes = preload("res://addons/showroom/meshes.gd")
const Products = preload("res://addons/showroom/products.gd")
const SenderClock = preload("res://addons/showroom/sender_clock.gd")
const Visit = preload("res://addons/showroom/visit.gd")

var _live = []
var _failed = false


func _init():
	# A frame must have passed before the tree can be waited for.
	call_deferred("_run")


func _idle(_delta):
	for connection in _live:
		connection.poll()
	return false


func _run():
	_golden_frames(_json(OS.get_environment("SHOWROOM_FRAMES")))
	_compact(_json(OS.get_environment("SHOWROOM_GOLDEN")))
	_mesh_frames(_json(OS.get_environment("SHOWROOM_MESHES")))
	_history()
	_one_clock()
	_changes()
	_guests()
	_glb(OS.get_environment("SHOWROOM_GLB"))
	yield(_visit("ws://127.0.0.1:" + OS.get_environment("SHOWROOM_PORT")), "completed")
	yield(_breaks("ws://127.0.0.1:" + OS.get_environment("SHOWROOM_ROAD")), "completed")
	yield(_sample("ws://127.0.0.1:" + OS.get_environment("SHOWROOM_PORT")), "completed")
	yield(_nobody(), "completed")
	if not _failed:
		print("all is so")
	OS.exit_code = 1 if _failed else 0
	quit(OS.exit_code)


func check(right, what):
	if not right:
		_failed = true
		printerr("not so: ", what)


func near(a, b, tolerance, what):
	for i in range(len(b)):
		check(abs(a[i] - b[i]) <= tolerance, "%s: %s, not %s" % [what, a[i], b[i]])


func _json(path):
	var file = File.new()
	file.open(path, File.READ)
	return JSON.parse(file.get_as_text()).result


func _unhex(hex):
	var out = PoolByteArray()
	for i in range(0, len(hex), 2):
		out.append(("0x" + hex.substr(i, 2)).hex_to_int())
	return out


func _golden_frames(golden):
	check(golden["vectors"].size() == 8, "8 vectors")
	for vector in golden["vectors"]:
		# Godot's own arithmetic must agree that its frame is the protocol's: -Z is ahead, X right.
		var p = vector["protocol"]["position"]
		var q = vector["protocol"]["rotation"]
		var pose = Transform(Basis(Quat(q[0], q[1], q[2], q[3])), Vector3(p[0], p[1], p[2]))
		var ahead = pose.xform(Vector3.FORWARD) - pose.origin
		# The same by Panda3D's vector, whose Y is ahead: (x, -z, y).
		var r = vector["panda3d"]["rotation"]
		var turned = Basis(Quat(r[0], r[1], r[2], r[3])).xform(Vector3(0, 1, 0))
		near([ahead.x, -ahead.z, ahead.y], [turned.x, turned.y, turned.z], 1e-5, vector["name"])


func _compact(golden):
	for pair in golden["poses"]:
		check(Compact.encode_pose(pair["message"]) == _unhex(pair["hex"]), "pose bytes")
	var far = {"time": 1.0, "head": [0, 1.6, 0, 0, 0, 0, 1], "left": [9, 1, 0, 0, 0, 0, 1]}
	check(Compact.encode_pose(far).size() == 0, "a far hand is left to JSON")
	var wanted = golden["avatar"]["message"]
	var pose = Compact.decode(_unhex(golden["avatar"]["hex"]))
	var root = wanted["root"]
	near([pose["root"].x, pose["root"].y, pose["root"].z], root, 0.00013, "root")
	check(pose["seq"] == 77 and pose["time"] == 2.5, "the avatar's head")
	for bone in wanted["rotations"]:
		var q = pose["rotations"][bone]
		near([q.x, q.y, q.z, q.w], wanted["rotations"][bone], 2e-5, bone)
	var mesh = Compact.decode(_unhex(golden["mesh"]["hex"]))
	for name in ["target", "glb", "frame", "time"]:
		check(mesh[name] == golden["mesh"][name], name)
	var xyz = golden["mesh"]["xyz"]
	for i in range(mesh["positions"].size()):
		var v = mesh["positions"][i]
		near([v.x, v.y, v.z], [xyz[3 * i], xyz[3 * i + 1], xyz[3 * i + 2]], 3e-5, "vertex")
	var other = Compact.decode(_unhex(golden["companion"]["hex"]))
	check(other["who"] == golden["companion"]["who"], "a companion's name")
	check(other["root"] == pose["root"] and other["seq"] == 77, "a companion's pose")
	for name in ["avatar", "mesh", "companion"]:
		var whole = _unhex(golden[name]["hex"])
		for length in range(1, whole.size()):
			check(Compact.decode(whole.subarray(0, length - 1)).empty(), "a cut frame is refused")


func _mesh_frames(golden):
	var decoder = Meshes.new()
	var kinds = {}
	var last
	for vector in golden["frames"]:
		var data = _unhex(vector["hex"])
		kinds[data[2]] = true
		if data[2] == 1:
			last = data
		var frame = decoder.decode(data) if Meshes.handles(data) else Compact.decode(data)
		check(frame["frame"] == vector["frame"] and frame["target"] == vector["target"], "a mesh frame's head")
		var grid = vector["grid"]
		check(3 * frame["positions"].size() == grid.size(), "vertices of a mesh frame")
		for i in range(frame["positions"].size()):
			var v = frame["positions"][i]
			var wanted = Vector3(grid[3 * i], grid[3 * i + 1], grid[3 * i + 2]) * 0.00025
			near([v.x, v.y, v.z], [wanted.x, wanted.y, wanted.z], vector["within"], "a vertex")
	check(kinds.size() == 3, "all encodings")
	for vector in golden["refused"]:
		var got = decoder.decode(_unhex(vector["hex"]))
		check(not got.has("positions"), "refused: " + vector["why"])
		check(got.has("missing") == vector["base"], "refused as it should be: " + vector["why"])
	check(decoder.decode(last).has("positions"), "what was refused leaves no trace")
	check(Meshes.new().decode(last).has("missing"), "a new decoder has nothing to build on")


func _history():
	var history = History.new(SenderClock.new(0.05))
	check(history.at(1.0).empty(), "nothing at first")
	var late = [0.01, 0.04, 0.01, 0.035, 0.012, 0.02]
	for i in range(late.size()):
		history.add(i * 0.02, i, 100 + i * 0.02 + late[i])
	for moment in [100.075, 100.09, 100.12]:
		var shown = history.at(moment)
		var value = 0.02 * (shown[0] + (shown[1] - shown[0]) * shown[2])
		check(abs(value - (moment - 100.06)) < 0.004, "smooth at %s" % moment)
	history.add(0.001, 9, 200)
	check(history.at(300.0) == [5, 5, 1.0], "a late one is left out, and nothing made up after the last")
	var anew = History.new()
	anew.add(100.0, 1, 0.0)
	check(anew.at(-5.0) == [1, 1, 1.0], "nothing is made up before the first")
	anew.add(1.0, 2, 0.1)
	check(anew.at(5.0)[1] == 2, "a sender whose clock begins anew is followed")


func _value(moment):
	return moment[0] + (moment[1] - moment[0]) * moment[2]


# A body and what it wears.
func _one_clock():
	var clock = SenderClock.new()
	var body = History.new(clock)
	var sleeve = History.new(clock)
	var before = -1.0
	var small = 0
	for i in range(400):
		var time = i * 0.01
		body.add(time, time, 50 + time)
		if i % 8 == 0 and i >= 2:
			sleeve.add(time - 0.02, time - 0.02, 50 + time)  # 12.5 Hz, 20 ms late
		var worn = sleeve.at(50 + time)
		if i < 100:
			continue
		var moment = _value(body.at(50 + time))
		check(abs(moment - _value(worn)) < 1e-6, "a body ahead of its sleeve: %s, %s" % [moment, _value(worn)])
		check(time - moment < 0.15, "%s s behind" % (time - moment))
		if i > 100:
			check(moment >= before and moment - before < 0.03, "a step of %s" % (moment - before))
			small += 1 if moment - before < 0.004 else 0
		before = moment
	check(small < 0.15 * 299, "it does not stand still between two of the sleeve's samples: %d" % small)

	clock = SenderClock.new()
	body = History.new(clock)
	sleeve = History.new(clock)
	var hem = History.new(clock)
	for i in range(100):
		var time = i * 0.01
		body.add(time, time, time)
		if i < 60:
			sleeve.add(time, time, time)
		if i < 95:
			hem.add(time, time, time)
		if i == 95:
			hem.clear()
	check(body.at(0.99)[1] > 0.95, "a body does not wait for cloth that comes no more")

	clock = SenderClock.new()
	var earlier = History.new(clock)
	var later = History.new(clock)
	for i in range(10):
		earlier.add(100 + i * 0.02, i, i * 0.02)
	earlier.at(0.2)
	for i in range(10):
		later.add(1 + i * 0.02, i, 9 + i * 0.02)
	var shown = later.at(9.18)
	check(shown[0] < 9 and shown[2] < 1, "who comes back with a clock that began anew is followed")


func _changes():
	var shirt = {
		"glb": "a", "size": "M", "color": "navy", "transform": [0, 0, 0, 0, 0, 0, 1],
		"values": {"sleeve_length": 0.2},
	}
	Products.change(shirt, {
		"glb": "b", "transform": [1, 0, 0, 0, 0, 0, 1], "changes": [
			{"name": "sleeve_length", "unit": "m", "old": 0.2, "new": 0.23},
			{"name": "x", "unit": "m", "old": 0, "new": 1},
		],
	})
	check(shirt["size"] == "M" and shirt["color"] == "navy", "a re-fitted product keeps size and colour")
	check(shirt["values"].size() == 1 and shirt["values"]["sleeve_length"] == 0.23, "its numbers")
	check(shirt["glb"] == "b" and shirt["transform"][0] == 1, "its shape and place")
	Products.change(shirt, {"size": "L", "color": "red", "transform": shirt["transform"], "changes": []})
	check(shirt["size"] == "L" and shirt["color"] == "red" and shirt["glb"] == "b", "another size and colour")


# In somebody else's room one's own furniture is not to be seen, and whoever is gone neither.
func _guests():
	var visit = Visit.new()
	visit.autostart = false
	for target in ["chair", "Mia/chair"]:
		visit.products[target] = {"transform": [0, 0, 0, 0, 0, 0, 1]}
		visit.models[target] = Spatial.new()
	visit.figures["Tom"] = {"skeleton": null, "poses": History.new()}
	visit.figures[""] = {"skeleton": null, "poses": History.new()}
	var there = [{"name": "Mia"}, {"name": "Noa"}]
	visit._take({"type": "company", "room": "r", "you": "Noa", "host": "Mia", "companions": there})
	check(not visit.models["chair"].visible and visit.models["Mia/chair"].visible, "a guest's furniture")
	check(visit.figures.keys() == [""], "who is gone is not shown: %s" % [visit.figures.keys()])
	visit._take({"type": "company", "room": ""})
	check(visit.models["chair"].visible, "alone again, one's own furniture")
	for model in visit.models.values():
		model.free()
	visit.free()


func _glb(path):
	var file = File.new()
	file.open(path, File.READ)
	var data = file.get_buffer(file.get_len())
	var glb = Glb.new()
	check(glb.parse(data), "the GLB is read: " + glb.error)
	var box = AABB(glb.meshes[0]["arrays"][Mesh.ARRAY_VERTEX][0], Vector3())
	for part in glb.meshes:
		for vertex in part["arrays"][Mesh.ARRAY_VERTEX]:
			box = box.expand(vertex)
		var count = part["arrays"][Mesh.ARRAY_VERTEX].size()
		var mesh = ArrayMesh.new()
		mesh.add_surface_from_arrays(Mesh.PRIMITIVE_TRIANGLES, part["arrays"])
		check(mesh.get_surface_count() == 1 and count > 100, "the engine takes the mesh")
	var size = OS.get_environment("SHOWROOM_SIZE").split_floats(",")
	near([box.size.x, box.size.y, box.size.z], size, 1e-3, "size of the GLB")
	var cut = Glb.new()
	check(not cut.parse(data.subarray(0, data.size() / 2)), "half a GLB is refused")


func _opened(connection):
	_live.append(connection)
	while connection.state == Connection.State.CONNECTING:
		yield(self, "idle_frame")
	yield(self, "idle_frame")


var _frames = 0
var _differences = 0
var _refused = 0


func _count(update, connection):
	if update["type"] == "welcome":  # what is asked on hearing of it goes out once
		connection.send({"type": "utterance", "id": "w1", "text": "at once"})
	if update["type"] == "error":
		_refused += 1
	if update["type"] == "mesh_frame":
		_frames += 1
		check(update["positions"].size() == 5000, "vertices of a mesh frame")
		for place in update["positions"]:
			if abs(place.x - update["time"]) > 0.000127:
				check(false, "where the vertices are: %s, not %s" % [place.x, update["time"]])
				break
		_differences += 1 if connection._meshes._tracks.has(update["target"]) else 0
		connection.shown(update)


func _visit(url):
	var connection = Connection.new()
	connection.connect("update", self, "_count", [connection])
	connection.open(url, {"client": "test/1", "lang": "zh"})
	yield(_opened(connection), "completed")
	check(connection.welcome.get("capabilities", []).has("resume"), "capabilities")
	var event = {"type": "utterance", "id": "u1", "text": "你好", "lang": "zh"}
	var answer = yield(connection.ask(event), "answered")
	check(answer.size() == 2 and answer[0].get("text") == "2: 你好", "an answer: %s" % [answer])
	var refused = yield(connection.ask({"type": "body", "id": "b1", "height": 1.7}), "answered")
	check(refused.back()["type"] == "error" and _refused == 1, "a refusal")
	var seq = 0
	while _frames < 6 and seq < 2000:
		seq += 1
		connection.send({"type": "pose", "time": seq / 60.0, "seq": seq, "head": [0, 1.6, 0, 0, 0, 0, 1]})
		yield(create_timer(0.01), "timeout")
	check(_frames >= 6 and _differences >= 6, "mesh frames came: %d, %d" % [_frames, _differences])
	connection.close()
	_live.erase(connection)


func _breaks(url):
	var connection = Connection.new()
	connection.open(url, {"client": "test/1"}, 20.0)
	yield(_opened(connection), "completed")
	for i in range(1, 41):
		var event = {"type": "utterance", "id": "u%d" % i, "text": "say %d" % i}
		var answer = yield(connection.ask(event), "answered")
		var said = []
		for update in answer:
			if update["type"] == "reply":
				said.append(update["text"])
		check(said == ["%d: say %d" % [i, i]], "answer %d after a break: %s" % [i, answer])
		if _failed:
			break
	check(connection.resumed > 2, "resumed %d times" % connection.resumed)
	connection.close()
	_live.erase(connection)


# The scene that the README begins with.
func _sample(url):
	var walk = load("res://sample/walk.tscn").instance()
	walk.get_node("Visit").url = url
	root.add_child(walk)
	var said = walk.get_node("Panel/Said")
	walk.get_node("Panel/Line").emit_signal("text_entered", "try on the t-shirt")
	for _i in range(2000):
		if said.text.ends_with(": try on the t-shirt"):
			break
		yield(create_timer(0.01), "timeout")
	check(said.text.ends_with(": try on the t-shirt"), "what was answered is shown: " + said.text)
	check(walk.get_node("Visit")._seq > 0, "the camera's poses go out")
	walk.queue_free()
	yield(self, "idle_frame")


func _nobody():
	var connection = Connection.new()
	connection.open("ws://127.0.0.1:1")
	yield(_opened(connection), "completed")
	check(connection.failure_field == "url", "nobody answers: " + connection.failure)
