"""What can go wrong in a predictor. error_table.py gives the last group its codes.

PredictorError
├── SettingsError           a setting is unknown, or its value cannot be used
├── CannotListen            the address is in use, or not ours to take
├── WorkerFailed            a worker cannot serve, and no other one does
├── ModelNotUsable          the bundle is intact, but cannot be served
├── InferenceFailed         the model broke its own signature, or the engine gave up: nothing that the caller can mend
└── RequestError            told to the caller as it is
    ├── RequestRefused      the message is well-formed, but not what the model takes
    │   ├── NoAnswer            what the model takes, but it has no answer to these values
    │   └── ImageNotReadable    bytes that are no PNG or JPEG, or none that is whole
    ├── Explained           one of two texts that callers look for, with a detail beside it
    │   ├── BadRequest          the request is malformed
    │   └── DataNotProcessed    the model could not process the data
    ├── NotAllowed          the server is set not to do it
    ├── NotFound            no such model or version
    ├── LoadFailed          a model could not be loaded; what was served before still is
    ├── BodyTooLarge        more bytes, rows or pixels than the limit
    ├── QueueFull           more requests than the limit
    ├── NotReady            no model is loaded and warmed up yet
    ├── DeadlineExceeded    the answer is not there in the time that the request has
    └── CallerGone          nobody waits for the answer
"""

from typing import ClassVar


class PredictorError(Exception):
    """Base of everything that this room raises; its text is one line for a person."""


class SettingsError(PredictorError):
    """A setting is unknown, or its value cannot be used; the message names it."""


class CannotListen(PredictorError):
    """The address is in use, or not ours to take; the message names who has it, if that can be known."""


class WorkerFailed(PredictorError):
    """A worker cannot serve, and no other one does; says what the worker said."""


class ModelNotUsable(PredictorError):
    """The bundle is intact, but cannot be served."""


class InferenceFailed(PredictorError):
    """The model broke its own signature, or the engine gave up."""


class RequestError(PredictorError):
    """Base of what is told to the caller as it is."""


class RequestRefused(RequestError):
    """The message is well-formed, but not what the model takes; says what was expected."""


class NoAnswer(RequestRefused):
    """The model takes these values, but answers them with what is no answer."""


class ImageNotReadable(RequestRefused):
    """Bytes that are no PNG or JPEG, or none that is whole."""


class Explained(RequestError):
    """Its text is always the same, because callers look for it; `detail` says what was wrong with this request."""

    text: ClassVar[str]

    def __init__(self, detail: str) -> None:
        super().__init__(self.text)
        self.detail = detail


class BadRequest(Explained):
    """The request is malformed."""

    text = "bad request"


class DataNotProcessed(Explained):
    """The request is well-formed, but the model could not process what is in it."""

    text = "модель не смогла обработать данные"


class NotAllowed(RequestError):
    """The server is set not to do it; the message names the setting."""


class LoadFailed(RequestError):
    """A model could not be loaded; what was served before still is."""


class NotFound(RequestError):
    """There is no such model or version here."""


class BodyTooLarge(RequestError):
    """The body has more bytes, rows or pixels than the limit."""


class QueueFull(RequestError):
    """As many requests as the limit wait or are worked on; this one can be sent again, soon."""


class NotReady(RequestError):
    """No model is loaded and warmed up."""


class DeadlineExceeded(RequestError):
    """The answer is not there in the time that the request has."""


class CallerGone(RequestError):
    """The caller went away while the request waited for its turn."""
