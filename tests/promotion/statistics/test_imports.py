"""The formulas rest on numpy and scipy and nothing else, as whoever wants to check or reuse them would hope.

The import contracts forbid what is named; this allows what is named.
"""

import grimp

PURE_PARTS_OF_PYTHON = {"bisect", "collections", "dataclasses", "enum", "functools", "itertools", "math", "typing"}


def test_statistics_import_numpy_scipy_and_pure_parts_of_python_alone() -> None:
    graph = grimp.build_graph("promotion", include_external_packages=True, cache_dir=None)
    modules = {"promotion.statistics", *graph.find_descendants("promotion.statistics")}
    imported = {found for module in modules for found in graph.find_modules_directly_imported_by(module)} - modules
    assert imported - PURE_PARTS_OF_PYTHON == {"numpy", "scipy"}
