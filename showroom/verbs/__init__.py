"""One module for each group of verbs: their options, help, and the call each makes.

Nothing heavy is imported before a verb runs. A new group is a module with ``ADDS`` and a place in
:data:`GROUPS`, whose order is that of the help.
"""

from __future__ import annotations

from . import assets, body, channel, fit, machine, networks, reconstruct, rooms, talk, visit, voice

GROUPS = (reconstruct, assets, body, fit, rooms, visit, channel, talk, voice, networks, machine)
