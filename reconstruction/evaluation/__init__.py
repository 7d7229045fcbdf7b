"""How well photos become products, measured on what no training saw: ``showroom evaluate``.

:mod:`.run` goes through the groups of cases that :mod:`.split` lists; each case is one photo (or
one rendered picture), runs on its own, and leaves a small JSON file, so that a cancelled run goes
on. :mod:`.tables` makes figures with bootstrap intervals of them, :mod:`.sheet` shows the worst.
"""
