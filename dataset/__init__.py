"""Labelled rows, where they come from and the digest that pins them. A leaf: it imports nothing of ours."""
