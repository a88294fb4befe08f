"""YAML that people write, read with a bound: a few lines whose names stand for each other can mean a billion values.

Only who reads YAML loads this module: a serving image has no PyYAML.
"""

import yaml

from bundle.one_line import one_line

_MOST_VALUES = 100_000


class YamlMalformed(ValueError):
    """Not YAML, or more than anybody writes; one line for a person. `line`, from 1, is where, if that is known."""

    def __init__(self, text: str, problem: str, line: int | None = None) -> None:
        super().__init__(one_line(text))
        self.problem = one_line(problem)
        self.line = line


def read_yaml(content: bytes | str) -> object:
    """The value of the one document in `content`; None where it is empty. Raises YamlMalformed."""
    try:
        loader = yaml.SafeLoader(content)
        try:
            node = loader.get_single_node()
            if node is None:
                return None
            _check_size(node)
            value: object = loader.construct_document(node)
            return value
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise YamlMalformed(str(error), str(error.problem), line) from error
    except YamlMalformed:
        raise
    except RecursionError as error:
        found = "it is nested too deep"
        raise YamlMalformed(found, found) from error
    except Exception as error:  # bytes that are no text; `!!int x` fails in as many ways as there are types
        found = str(error) if isinstance(error, yaml.YAMLError | ValueError) else "a value is not of the type it names"
        raise YamlMalformed(found, found.partition("\n")[0]) from error


def _check_size(node: yaml.Node) -> None:
    """Raises YamlMalformed where aliases make more of the document than anybody writes, or a part of itself."""
    sizes: dict[int, int | None] = {}  # None: under way

    def size_of(node: yaml.Node) -> int:
        if id(node) in sizes:
            known = sizes[id(node)]
            if known is None:
                raise _too_much(node, "a value contains itself")
            return known
        sizes[id(node)] = None
        size = 1
        if isinstance(node, yaml.MappingNode):
            size += sum(size_of(key) + size_of(value) for key, value in node.value)
        elif isinstance(node, yaml.SequenceNode):
            size += sum(map(size_of, node.value))
        if size > _MOST_VALUES:
            raise _too_much(node, f"it means more than {_MOST_VALUES} values")
        sizes[id(node)] = size
        return size

    size_of(node)


def _too_much(node: yaml.Node, found: str) -> YamlMalformed:
    line = node.start_mark.line + 1
    return YamlMalformed(f"line {line}: {found}", found, line)
