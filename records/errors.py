"""What can be wrong with a database of records.

RecordsError
├── DatabaseNotSet         no URL, or one that names no database that is known here
├── DatabaseUnreachable    nobody answers, or not to this name and password
├── DatabaseRefuses        it answers with an error, whose text it is
├── SchemaNotCurrent       the tables are not there, or of another version than this program
├── DatasetDiffers         a data set of this name has other columns, or a part of this name other rows
├── NotRecorded            what is asked for, or is to be changed, is not there
├── RecordedOtherwise      it is there already, and says something else
└── QueryNotKnown          no such query, or no such parameter of it
"""


class RecordsError(Exception):
    """Base of everything that this room raises; its text is one line for a person, and holds no password."""


class DatabaseNotSet(RecordsError):
    """There is no URL, or it names no database that is known here."""


class DatabaseUnreachable(RecordsError):
    """No connection; the call can be repeated."""


class DatabaseRefuses(RecordsError):
    """The database answered with an error."""


class SchemaNotCurrent(RecordsError):
    """The tables are missing, or older or newer than this program."""


class DatasetDiffers(RecordsError):
    """A data set of this name has other columns, or a part of this name other rows."""


class NotRecorded(RecordsError):
    """What is asked for, or is to be changed, is not there."""


class RecordedOtherwise(RecordsError):
    """It is there already, and says something else; what is there stays."""


class QueryNotKnown(RecordsError):
    """There is no query of this name, or it has no such parameter, or the parameter no such value."""
