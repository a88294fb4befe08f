"""The `assay` program: commands over the rooms, and the demo that tells the whole story."""
