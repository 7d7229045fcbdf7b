#!/usr/bin/env python3
"""The front door: sets up what is missing, then does what was asked.

* ``python3 run_showroom.py`` walks in: headset, window, or a visit rendered without a screen.
* ``python3 run_showroom.py demo --out DIR`` goes the whole path, unattended.
* ``python3 run_showroom.py test`` runs every check and test of the project.
* ``python3 run_showroom.py --help`` lists all verbs.
"""

from showroom.bootstrap import main

if __name__ == "__main__":
    raise SystemExit(main())
