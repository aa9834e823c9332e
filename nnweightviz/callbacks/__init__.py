"""Recording from within other frameworks: one module a framework, each with a class ``Record``.

``from nnweightviz.callbacks.lightning import Record`` and the like; nothing is imported here, so that each framework
is loaded by its own module only. Not for plain torch loops (see ``recorder``).
"""
