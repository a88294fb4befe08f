"""What can be wrong with a message.

ProtocolError
├── MalformedMessage   not JSON, or a field is missing or of the wrong type
└── TensorMismatch     a tensor's data is not what its datatype and its shape say
"""


class ProtocolError(Exception):
    """Base of everything that this room raises: what was found, and what was expected, in one line for a person."""

    def __init__(self, what: str, expected: str) -> None:
        super().__init__(f"{what}; expected {expected}")
        self.what = what
        self.expected = expected


class MalformedMessage(ProtocolError):
    """Not JSON, or a field is missing or of the wrong type; the message names the field."""


class TensorMismatch(ProtocolError):
    """A tensor's data is not what its datatype and its shape say; the message names the tensor and the position."""
