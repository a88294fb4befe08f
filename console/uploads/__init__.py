"""Files that people send, hostile until they are read: a CSV, plain or gzipped, a Parquet file, a zip of images."""

from console.uploads.labelled_file import UploadLimits, read_labelled_file

__all__ = ["UploadLimits", "read_labelled_file"]
