# One visitor's connection: greets, sends events, hands out updates, and comes back by itself.
#
# Call poll() every frame. What was asked and not answered when the connection broke is asked again
# with the same id; the server does nothing twice.
extends Reference

signal update(update)  # a dictionary, in order; frames included
signal state_changed(state, reason)

const Compact = preload("compact.gd")
const Meshes = preload("meshes.gd")

const SUBPROTOCOL = "showroom.v1"
const CONFIRM_EVERY = 16
const FIRST_PAUSE = 0.05
const LONGEST_PAUSE = 2.0

enum State { CLOSED, CONNECTING, OPEN, RESUMING }

# Waits for everything that answers one event: yield(connection.ask(event), "answered").
class Question:
	extends Reference
	signal answered(updates)
	var updates = []

var state = State.CLOSED
var welcome = {}
var resumed = 0  # how often the visit went on after a break
var failure = ""  # why the connection is closed
var failure_field = ""

var _url = ""
var _hello = {}
var _patience = 30.0
var _socket = null
var _meshes = Meshes.new()
var _have = 0
var _unanswered = {}
var _asked = {}
var _pause = FIRST_PAUSE
var _again_at = 0.0
var _broke_at = 0.0


# hello: client, lang, token, want; resume and have are filled in.
func open(url, hello = {}, patience = 30.0):
	_url = url
	_hello = hello
	_patience = patience
	_enter(State.CONNECTING)
	_connect()


# Send an event. One that has an id is sent again after a break until it is answered.
func send(event):
	var id = event.get("id", "")
	if id != "" and event["type"] != "hello" and event["type"] != "ping":
		_unanswered[id] = event
	if state == State.OPEN:
		_write(event)


# Send an event with an id; the question is answered by everything that refers to it.
func ask(event):
	var question = Question.new()
	_asked[event["id"]] = question
	send(event)
	return question


# The mesh frame is shown: the next one may come.
func shown(frame):
	send({"type": "ack", "target": frame["target"], "frame": frame["frame"]})


# Leave. Without goodbye the visit is held for a while and can be resumed.
func close(goodbye = true):
	if goodbye and state == State.OPEN:
		_write({"type": "bye"})
	var held = _socket # what it tells may drop it, and it must outlive that
	if held != null:
		held.disconnect_from_host()
	_end("the client left", "")


# Let what has arrived in.
func poll():
	if state == State.CLOSED:
		return
	var held = _socket # what it tells may drop it, and it must outlive that
	if held != null:
		held.poll()
	if _socket == null and state != State.CLOSED and _now() >= _again_at:
		_connect()


func _connect():
	_socket = WebSocketClient.new()
	_socket.set_buffers(4096, 1024, 4096, 1024)
	_socket.connect("connection_established", self, "_greet")
	_socket.connect("data_received", self, "_receive")
	_socket.connect("connection_error", self, "_broken")
	_socket.connect("connection_closed", self, "_broken")
	if _socket.connect_to_url(_url, PoolStringArray([SUBPROTOCOL])) != OK:
		_broken()


func _greet(_protocol):
	var hello = _hello.duplicate()
	hello["type"] = "hello"
	if not hello.has("client"):
		hello["client"] = "godot/1"
	# Mesh frames as small differences, unless ordinary messages are wanted.
	var want = Array(hello.get("want", []))
	if not "plain" in want and not "delta" in want:
		hello["want"] = want + ["delta"]
	_meshes = Meshes.new()
	if welcome.has("resume"):
		hello["resume"] = welcome["resume"]
		hello["have"] = _have
	_write(hello)


func _receive():
	var peer = _socket.get_peer(1)
	while _socket != null and peer.get_available_packet_count() > 0:
		var data = peer.get_packet()
		var update
		if peer.was_string_packet():
			update = JSON.parse(data.get_string_from_utf8()).result
		elif Meshes.handles(data):
			update = _meshes.decode(data)
			if update.has("missing"):  # a whole frame follows
				_write({"type": "ack", "target": update["missing"], "frame": 0})
		else:
			update = Compact.decode(data)
		if update is Dictionary and update.has("type"):
			_take(update)


func _take(update):
	if state != State.OPEN:
		_first(update)
		return
	var n = int(update.get("n", 0))
	if n > 0:
		if n <= _have:
			return
		_have = n
		if n % CONFIRM_EVERY == 0:
			_write({"type": "received", "upto": n})
	emit_signal("update", update)
	var about = update.get("ref", "")
	if about == "":
		return
	var last = update["type"] in ["done", "error", "pong"]
	if last:
		_unanswered.erase(about)
	if _asked.has(about):
		var question = _asked[about]
		question.updates.append(update)
		if last:
			_asked.erase(about)
			question.emit_signal("answered", question.updates)


func _first(update):
	if update["type"] == "welcome":
		welcome = update
		_pause = FIRST_PAUSE
		if update.get("resumed", false):
			resumed += 1
		else:
			_have = 0
		var open = _unanswered.values()  # what is asked on hearing of the welcome goes out by itself
		_enter(State.OPEN)
		emit_signal("update", update)
		for event in open:
			_write(event)
	elif update["type"] == "error" and update["code"] == "resume" and not welcome.empty():
		# The visit was held no longer: begin a new one; what was asked is asked there.
		welcome = {}
		_drop()
		_again_at = 0.0
	else:
		_end(update.get("message", "no welcome came"), update.get("field", ""))


func _broken(_clean = false):
	if state == State.CLOSED:
		return
	_drop()
	if welcome.empty() and state == State.CONNECTING:
		_end("nobody answers at " + _url, "url")
		return
	if state == State.OPEN:
		_broke_at = _now()
		_enter(State.RESUMING, "the connection broke")
	if _now() - _broke_at > _patience:
		_end("the connection is lost", "")
		return
	_again_at = _now() + _pause
	_pause = min(LONGEST_PAUSE, _pause * 2.0)


func _drop():
	if _socket == null:
		return
	for pair in [
		["connection_established", "_greet"],
		["data_received", "_receive"],
		["connection_error", "_broken"],
		["connection_closed", "_broken"],
	]:
		_socket.disconnect(pair[0], self, pair[1])
	_socket = null


func _write(event):
	if _socket == null:
		return
	var peer = _socket.get_peer(1)
	if not peer.is_connected_to_host():
		return
	var data = Compact.encode_pose(event) if event["type"] == "pose" else PoolByteArray()
	if data.size() > 0:
		peer.set_write_mode(WebSocketPeer.WRITE_MODE_BINARY)
		peer.put_packet(data)
	else:
		peer.set_write_mode(WebSocketPeer.WRITE_MODE_TEXT)
		peer.put_packet(JSON.print(event).to_utf8())


func _end(reason, field):
	failure = reason
	failure_field = field
	_drop()
	_enter(State.CLOSED, reason)
	var asked = _asked
	_asked = {}
	_unanswered = {}
	for question in asked.values():
		question.updates.append({"type": "error", "code": "closed", "message": reason, "field": field})
		question.emit_signal("answered", question.updates)


func _enter(next, reason = ""):
	state = next
	emit_signal("state_changed", next, reason)


func _now():
	return OS.get_ticks_usec() / 1.0e6
