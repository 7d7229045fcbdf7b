# What arrives in bursts, shown smoothly: samples by the sender's clock, asked for by ours, a moment
# later.
extends RefCounted

const SenderClock = preload("sender_clock.gd")

var keep = 16
var _clock
var _samples = []


# clock: the sender's; null: one for this history alone.
func _init(clock = null):
	_clock = clock if clock != null else SenderClock.new()


# Take a sample; one that is older than the last is left out.
func add(time, value, now):
	if not _samples.is_empty() and time <= _samples.back()[0]:
		if _samples.back()[0] - time < SenderClock.ANEW:
			return
		clear()
		_clock.restart()
	_clock.hear(self, time, now)
	_samples.append([time, value])
	if _samples.size() > keep:
		_samples.pop_front()


# [from, to, share] around the moment to show; empty while there is nothing.
func at(now):
	if _samples.is_empty():
		return []
	var wanted = _clock.at(now)
	var before = _samples[0]
	for sample in _samples:
		if sample[0] > wanted:
			var span = sample[0] - before[0]
			var share = max(0.0, (wanted - before[0]) / span) if span > 0.0 else 1.0
			return [before[1], sample[1], share]
		before = sample
	return [before[1], before[1], 1.0]


# Forget all samples; other histories of this sender go on.
func clear():
	_samples = []
	_clock.forget(self)
