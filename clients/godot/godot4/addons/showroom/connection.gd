# One visitor's connection: greets, sends events, hands out updates, and comes back by itself.
#
# Call poll() every frame. What was asked and not answered when the connection broke is asked again
# with the same id; the server does nothing twice.
extends RefCounted

signal arrived(update)  # a dictionary, in order; frames included
signal state_changed(state, reason)

const Compact = preload("compact.gd")
const Meshes = preload("meshes.gd")

const SUBPROTOCOL = "showroom.v1"
const CONFIRM_EVERY = 16
const FIRST_PAUSE = 0.05
const LONGEST_PAUSE = 2.0

enum State { CLOSED, CONNECTING, OPEN, RESUMING }

# Waits for everything that answers one event: await connection.ask(event).answered.
class Question:
	extends RefCounted
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
var _greeted = false
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
	if _socket != null:
		_socket.close()
		_socket.poll()
	_end("the client left", "")


# Let what has arrived in.
func poll():
	if state == State.CLOSED:
		return
	var socket = _socket  # what it tells may end the connection, or begin another
	if socket != null:
		socket.poll()
		var ready = socket.get_ready_state()
		if ready == WebSocketPeer.STATE_OPEN and not _greeted:
			_greeted = true
			_greet()
		while socket == _socket and socket.get_available_packet_count() > 0:
			_receive(socket.get_packet(), socket.was_string_packet())
		if socket == _socket and ready == WebSocketPeer.STATE_CLOSED:
			_broken()
	if _socket == null and state != State.CLOSED and _now() >= _again_at:
		_connect()


func _connect():
	_socket = WebSocketPeer.new()
	_greeted = false
	_socket.supported_protocols = PackedStringArray([SUBPROTOCOL])
	_socket.inbound_buffer_size = 4 << 20
	_socket.outbound_buffer_size = 4 << 20
	if _socket.connect_to_url(_url) != OK:
		_broken()


func _greet():
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


func _receive(data, is_text):
	var update
	if is_text:
		update = JSON.parse_string(data.get_string_from_utf8())
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
	arrived.emit(update)
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
			question.answered.emit(question.updates)


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
		arrived.emit(update)
		for event in open:
			_write(event)
	elif update["type"] == "error" and update["code"] == "resume" and not welcome.is_empty():
		# The visit was held no longer: begin a new one; what was asked is asked there.
		welcome = {}
		_socket = null
		_again_at = 0.0
	else:
		_end(update.get("message", "no welcome came"), update.get("field", ""))


func _broken():
	if state == State.CLOSED:
		return
	_socket = null
	if welcome.is_empty() and state == State.CONNECTING:
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


func _write(event):
	if _socket == null or _socket.get_ready_state() != WebSocketPeer.STATE_OPEN:
		return
	var data = Compact.encode_pose(event) if event["type"] == "pose" else PackedByteArray()
	if data.size() > 0:
		_socket.send(data)
	else:
		_socket.send_text(JSON.stringify(event))


func _end(reason, field):
	failure = reason
	failure_field = field
	_socket = null
	_enter(State.CLOSED, reason)
	var asked = _asked
	_asked = {}
	_unanswered = {}
	for question in asked.values():
		question.updates.append({"type": "error", "code": "closed", "message": reason, "field": field})
		question.answered.emit(question.updates)


func _enter(next, reason = ""):
	state = next
	state_changed.emit(next, reason)


func _now():
	return Time.get_ticks_usec() / 1.0e6
