"""Costs of the main job, measured as whole processes and as ratios in one run. Never part of a test."""
