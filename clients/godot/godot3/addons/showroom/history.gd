# What arrives in bursts, shown smoothly: samples by the sender's clock, asked for by ours, a moment
# later.
extends Reference

var lag = 0.03
var keep = 16
var _samples = []
var _offset = INF


# Take a sample; one that is older than the last is left out.
func add(time, value, now):
	if not _samples.empty() and time <= _samples.back()[0]:
		if _samples.back()[0] - time < 5.0:
			return
		clear()  # The sender's clock began anew.
	# The smallest offset seen lately; it is let go of slowly, since clocks drift.
	_offset = min(_offset + 0.0005, now - time)
	_samples.append([time, value])
	if _samples.size() > keep:
		_samples.pop_front()


# [from, to, share] around the moment to show; empty while there is nothing.
func at(now):
	if _samples.empty():
		return []
	var wanted = now - _offset - lag
	var before = _samples[0]
	for sample in _samples:
		if sample[0] > wanted:
			var span = sample[0] - before[0]
			var share = max(0.0, (wanted - before[0]) / span) if span > 0.0 else 1.0
			return [before[1], sample[1], share]
		before = sample
	return [before[1], before[1], 1.0]


func clear():
	_samples = []
	_offset = INF
