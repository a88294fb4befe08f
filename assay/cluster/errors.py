"""What can stop a command that works on the cluster.

ClusterError
├── ToolMissing      docker, kind, helm or kubectl is not on the PATH; the message says how to get it
└── CommandFailed    one of them ended with an error; the message has its last words
"""


class ClusterError(Exception):
    """Base of what this room raises; its text is one line for a person."""


class ToolMissing(ClusterError):
    """A tool is not on the PATH; the message says how to get it."""


class CommandFailed(ClusterError):
    """A tool ended with an error; the message has its last words."""
