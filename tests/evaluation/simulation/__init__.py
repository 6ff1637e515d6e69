"""Worlds with a known effect, and how often an estimate's interval holds it.

``coverage``: the runner, for any estimate and any worlds. ``series``, ``units``: worlds, one module a design.
"""
