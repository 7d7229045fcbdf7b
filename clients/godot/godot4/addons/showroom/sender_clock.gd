# The moment to show of all that one sender's clock stamps, such as a body and what it wears.
#
# The delay between both clocks is the smallest seen lately, so that a late sample does not pull the
# picture back; some seconds of lag bridge jitter, more where samples come more rarely. No history is
# shown later than the newest sample of the others, or skin would leave its sleeve.
extends RefCounted

const ANEW = 5.0  # so many seconds earlier than what was shown: a clock that began anew
const PAUSE = 0.15  # so far apart, in seconds, samples are no longer of one movement
const DRIFT = 0.0005  # what a sample lets go of the smallest delay, seconds

var _least
var _lag
var _offset = INF
var _shown = -INF
var _newest = {}  # the history's instance id to its newest sample's time


# lag: the least lag, seconds.
func _init(lag = 0.03):
	_least = lag
	_lag = lag


# A sample of this time has come for one of the histories.
func hear(of, time, now):
	if time < _shown - ANEW:
		restart()
	_offset = min(_offset + DRIFT, now - time)
	var id = of.get_instance_id()
	var before = _newest.get(id)
	_newest[id] = time
	if before == null:
		return
	var age = now - _offset - before  # of what was to be shown until now
	_lag = max(max(_least, age if age < PAUSE else 0.0), _lag - DRIFT)


# The moment to show, by the sender's clock; never an earlier one than before.
func at(now):
	var moment = now - _offset - _lag
	for newest in _newest.values():
		if moment - newest < PAUSE:
			moment = min(moment, newest)
	_shown = max(_shown, moment)
	return _shown


# One history has ended; the others do not wait for it.
func forget(of):
	_newest.erase(of.get_instance_id())


# The sender's clock began anew.
func restart():
	_newest = {}
	_offset = INF
	_shown = -INF
	_lag = _least
