"""What can be wrong with a bundle.

BundleError
├── BundleNotFound    there is no bundle at this path
├── BundleDamaged     a file is missing, added or changed; the message names it
└── BundleNotUsable   intact, but not of a form that this program reads
"""


class BundleError(Exception):
    """Base of everything that this room raises; its text is one line for a person."""


class BundleNotFound(BundleError):
    """There is no bundle at this path."""


class BundleDamaged(BundleError):
    """A file is missing, was added or was changed; the message names it."""


class BundleNotUsable(BundleError):
    """The bundle is intact, but not of a form that this program reads."""
