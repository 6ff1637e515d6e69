"""Statistics of the evaluation: pure functions, frame in, frame out; no file, no warehouse."""
