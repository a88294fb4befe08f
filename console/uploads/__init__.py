"""Files that people send, which are hostile until they are read: a table, plain or gzipped, or a zip of images."""

from console.uploads.labelled_file import UploadLimits, read_labelled_file

__all__ = ["UploadLimits", "read_labelled_file"]
