"""What can go wrong in a console. http/error_answers.py gives the second group its codes.

ConsoleError
├── SettingsError          a setting is unknown, or its value cannot be used
├── StateNotUsable         the state directory cannot be read or written, or another console has it
├── CannotListen           the address is in use, not ours to take, or not a loopback one
└── RequestError           told to the caller as it is
    ├── NotFound               no such part, experiment, deployment, job or prediction
    ├── Refused                well-formed, but what is asked cannot be
    ├── Conflict               not now: something else is under way; can be repeated later
    ├── UploadMalformed        the file is no table, or no zip of labelled images; the message names the line
    ├── UploadTooLarge         more bytes, rows or files than the limit
    └── UploadStalled          an upload stood still
"""


class ConsoleError(Exception):
    """Base of everything that this room raises; its text is one line for a person."""


class SettingsError(ConsoleError):
    """A setting is unknown, or its value cannot be used."""


class StateNotUsable(ConsoleError):
    """The state directory cannot be read or written, or another console has it."""


class CannotListen(ConsoleError):
    """The address is in use, not ours to take, or one that others reach without that being asked for."""


class RequestError(ConsoleError):
    """Base of what a caller is told."""


class NotFound(RequestError):
    """There is nothing of this name."""


class Refused(RequestError):
    """What is asked is understood, and cannot be."""


class Conflict(RequestError):
    """Not now: something else is under way. The call can be repeated later."""


class UploadMalformed(RequestError):
    """The file is not what it should be; the message names the line, or the file in a zip."""


class UploadTooLarge(RequestError):
    """More bytes, rows or files than the limit."""


class UploadStalled(RequestError):
    """Nothing came for too long."""
