"""Checks built from the contracts and the registry, and the release gate that decides on them."""
