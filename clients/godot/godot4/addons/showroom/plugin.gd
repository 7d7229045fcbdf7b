@tool
extends EditorPlugin


func _enter_tree():
	add_custom_type("ShowroomVisit", "Node3D", preload("visit.gd"), null)


func _exit_tree():
	remove_custom_type("ShowroomVisit")
