"""What can be wrong with a data set.

DatasetError
├── DatasetNotFound     no built-in of this name, no file at this path
├── DatasetMalformed    the file is not a table of numbers with labels; the message names file, line and column
├── DatasetTooLarge     the file's rows would take more memory than the limit
└── ReaderMissing       what reads such a file is not installed; the message names the extra that brings it
"""


class DatasetError(Exception):
    """Base of everything that this room raises; its text is one line for a person."""


class DatasetNotFound(DatasetError):
    """There is no built-in data set of this name and no file at this path."""


class DatasetMalformed(DatasetError):
    """The content is not a table of numbers with labels."""


class DatasetTooLarge(DatasetError):
    """The rows would take more memory than the limit."""


class ReaderMissing(DatasetError):
    """What reads such a file is not installed."""
