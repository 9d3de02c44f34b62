"""Observers of a run: tracer, trace hash, timeline."""
