"""What can go wrong between a store and whoever pushes or fetches. http/error_answers.py gives the first group codes.

ContentStoreError
├── ContentError            told to the uploader as it is; the same classes tell a fetch what it received
│   ├── AddressNotUsable    a digest or a URL is not of the form that is expected
│   ├── ContentMalformed    the bytes are no tar of plain files, or no table
│   ├── ContentMismatch     whole, but not what the digest names
│   ├── ContentNotFound     nothing of this digest is there (yet): can be repeated
│   ├── ContentTooLarge     more bytes than the limit
│   ├── UploadStalled       an upload stood still
│   ├── StoreBusy           as many uploads as the store takes are under way
│   ├── DiskFull            no space is left
│   └── DiskRefuses         the system does not let it be written or read
├── StoreUnreachable        no answer, or one that says not now: can be repeated
├── StoreRefused            the store answered with an error, whose text it is
├── DestinationTaken        something else stands where the content was to go
└── CannotListen            the address is in use, or not ours to take
"""


class ContentStoreError(Exception):
    """Base of everything that this room raises; its text is one line for a person."""


class ContentError(ContentStoreError):
    """Base of what is wrong with an address, with content or with the disk below it."""


class AddressNotUsable(ContentError):
    """A digest or a URL is not of the form that is expected."""


class ContentMalformed(ContentError):
    """The bytes are no tar of plain files, or no table."""


class ContentMismatch(ContentError):
    """The content is whole, but not what the digest names."""


class ContentNotFound(ContentError):
    """Nothing of this digest is there, or not yet."""


class ContentTooLarge(ContentError):
    """More bytes than the limit."""


class UploadStalled(ContentError):
    """Nothing came for too long."""


class StoreBusy(ContentError):
    """As many uploads as the store takes at a time are under way."""


class DiskFull(ContentError):
    """No space is left."""


class DiskRefuses(ContentError):
    """The system does not let it be written or read."""


class StoreUnreachable(ContentStoreError):
    """No answer, or one that says not now."""


class StoreRefused(ContentStoreError):
    """The store answered with an error; the message is its own."""


class DestinationTaken(ContentStoreError):
    """Something else stands where the content was to go; it is left alone."""


class CannotListen(ContentStoreError):
    """The address is in use, or not ours to take."""
