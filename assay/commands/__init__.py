"""One module a command: read the options, call a room, print what came of it.

Rooms are imported inside the functions, so that `assay serve` never loads scikit-learn and `--help` answers at once.
"""
