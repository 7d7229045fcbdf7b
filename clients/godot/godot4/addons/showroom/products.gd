# What a product is after a change that says only what became different.
extends RefCounted


# Bring a product_shown up to date with a product_changed. That names glb, size and color only where
# they became others, and among its numbers are places and turns, which are in its transform.
static func change(shown, changed):
	shown["transform"] = changed["transform"]
	for name in ["glb", "size", "color"]:
		if changed.get(name, "") != "":
			shown[name] = changed[name]
	var values = shown.get("values", {})
	for one in changed["changes"]:
		if values.has(one["name"]):
			values[one["name"]] = one["new"]
