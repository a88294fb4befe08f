"""What can go wrong; the tree is in the package's docstring."""


class BenchmarkError(Exception):
    """The base: one line, for whoever started the benchmark."""


class NotInstalled(BenchmarkError):
    """A peer has no environment here."""


class ServerFailed(BenchmarkError):
    """A peer does not start, or ended."""


class WrongAnswer(BenchmarkError):
    """A peer answers otherwise than the model does."""


class LoadFailed(BenchmarkError):
    """A load generator is missing, or has no figures."""
