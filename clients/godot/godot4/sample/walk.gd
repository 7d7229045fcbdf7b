# A visit without a headset: arrow keys walk, a line takes what you would say ("try on the t-shirt").
extends Node3D

@onready var visit = $Visit
@onready var eyes = $Visit/Eyes
@onready var said = $Panel/Said
@onready var line = $Panel/Line


func _ready():
	visit.replied.connect(_replied)
	visit.problem.connect(said.set_text)
	line.text_submitted.connect(_say)


func _replied(text, _lang):
	said.text = text


func _say(text):
	line.clear()
	visit.say(text)


func _process(delta):
	if line.has_focus():
		return
	var turn = Input.get_action_strength("ui_left") - Input.get_action_strength("ui_right")
	var ahead = Input.get_action_strength("ui_up") - Input.get_action_strength("ui_down")
	eyes.rotate_y(turn * 1.8 * delta)
	eyes.position += -eyes.transform.basis.z * ahead * 1.6 * delta
	eyes.position.y = visit.height * 0.935
