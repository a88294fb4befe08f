"""Fields of a JSON object, checked as they are read: every error names the field and what was expected of it.

V2 has no null: a field that is not given is left out, and a null is a wrong type. Fields that V2 does not know are
passed over, as the protocol asks.
"""

from collections.abc import Mapping

import orjson

from open_inference.errors import MalformedMessage

Parameters = Mapping[str, str | int | float | bool]
"""V2's `parameters`, by name."""

_SHOWN_CHARACTERS = 64
_LINE_ENDS = {code: f"\\u{code:04x}" for code in (0x85, 0x2028, 0x2029)}  # which JSON writes as they are
_LARGEST_SIZE = 2**31 - 1
_MOST_DIMENSIONS = 32


def parse_json(content: bytes) -> object:
    """The value that `content` holds. Raises MalformedMessage."""
    if not content.strip():
        raise MalformedMessage("the body is empty", "JSON")
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise MalformedMessage(f"the body is not JSON: {error}", "JSON, UTF-8 encoded") from error


def quote(text: str) -> str:
    """A caller's text for the text of an error: in quotes, on one line, and not longer than a reader needs."""
    shown = text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"
    return orjson.dumps(shown).decode().translate(_LINE_ENDS)


def describe(value: object) -> str:
    """A JSON value in a few words, for an error's text."""
    match value:
        case None:
            return "null"
        case bool():
            return "the boolean " + ("true" if value else "false")
        case str():
            return f"the string {quote(value)}"
        case list():
            return f"a list of {len(value)}"
        case dict():
            return "an object"
        case _:
            return f"the number {value}"


def check_shape(value: object, place: str) -> tuple[int, ...]:
    """Sizes of a tensor's dimensions: 0 and more each. Raises MalformedMessage, which starts with `place`."""
    if not isinstance(value, list) or len(value) > _MOST_DIMENSIONS:
        raise MalformedMessage(f"{place} is {describe(value)}", f"a list of at most {_MOST_DIMENSIONS} sizes")
    for index, size in enumerate(value):
        if type(size) is not int or not 0 <= size <= _LARGEST_SIZE:
            raise MalformedMessage(f"{place}[{index}] is {describe(size)}", f"a whole number from 0 to {_LARGEST_SIZE}")
    return tuple(value)


class JsonObject:
    """A JSON object at a place in a message; `place` starts every error's text."""

    def __init__(self, value: object, place: str) -> None:
        if not isinstance(value, dict):
            raise MalformedMessage(f"{place} is {describe(value)}", "a JSON object")
        self._fields: dict[str, object] = value
        self.place = place

    def called(self, place: str) -> "JsonObject":
        """The same object, under a name that says more to the reader of an error."""
        return JsonObject(self._fields, place)

    def has(self, name: str) -> bool:
        """Whether there is such a field."""
        return name in self._fields

    def get(self, name: str, expected: str) -> object:
        """The value of a field that has to be there."""
        if name not in self._fields:
            raise MalformedMessage(f'{self.place} has no "{name}"', expected)
        return self._fields[name]

    def text(self, name: str) -> str:
        """A string that has to be there and is not empty."""
        value = self.get(name, "a string")
        if not isinstance(value, str) or not value:
            raise self._wrong(name, value, "a string that is not empty")
        return value

    def optional_text(self, name: str) -> str | None:
        """A string, or None where the field is left out."""
        value = self._fields.get(name, "")
        if not isinstance(value, str):
            raise self._wrong(name, value, "a string")
        return value if name in self._fields else None

    def optional_boolean(self, name: str) -> bool:
        """A boolean; false where the field is left out."""
        value = self._fields.get(name, False)
        if not isinstance(value, bool):
            raise self._wrong(name, value, "true or false")
        return value

    def objects(self, name: str) -> list["JsonObject"]:
        """A list of objects that has to be there."""
        return self._objects(name, self.get(name, "a list of objects"))

    def optional_objects(self, name: str) -> list["JsonObject"]:
        """A list of objects; empty where the field is left out."""
        return self._objects(name, self._fields.get(name, []))

    def shape(self, name: str) -> tuple[int, ...]:
        """Sizes of a tensor's dimensions: 0 and more each."""
        return check_shape(self.get(name, "a list of sizes"), f"{self.place}: {name}")

    def parameters(self) -> Parameters:
        """V2's `parameters`; empty where the field is left out."""
        value = self._fields.get("parameters", {})
        if not isinstance(value, dict):
            raise self._wrong("parameters", value, "an object")
        for name, parameter in value.items():
            if not isinstance(parameter, str | int | float):
                raise self._wrong(f"parameters.{quote(name)}", parameter, "a string, a number or a boolean")
        return value

    def _objects(self, name: str, value: object) -> list["JsonObject"]:
        if not isinstance(value, list):
            raise self._wrong(name, value, "a list of objects")
        return [JsonObject(part, f"{name}[{index}]") for index, part in enumerate(value)]

    def _wrong(self, name: str, value: object, expected: str) -> MalformedMessage:
        return MalformedMessage(f"{self.place}: {name} is {describe(value)}", expected)
