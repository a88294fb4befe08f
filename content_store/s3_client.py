"""Objects of S3 as seen from a fetch: one GET each, streamed. Every call is tried once (patience.py).

The one module that knows s3fs (fsspec) and the AWS SDK below it. It is imported when a source is s3://…, so that no
other fetch waits for it, or needs the extra `s3`. Endpoint, region and credentials come by the SDK's own environment
variables. What a server or the SDK says may repeat a key or a token, so a message has the code of an error, not its
text.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore import exceptions as sdk
from fsspec.asyn import sync
from s3fs import S3FileSystem
from s3fs.core import S3_RETRYABLE_ERRORS

from content_store.bundle_tar import CHUNK_BYTES
from content_store.errors import ContentNotFound, ContentStoreError, ContentTooLarge, StoreRefused, StoreUnreachable

_CONFIG = {
    "connect_timeout": 5,  # seconds, as the next
    "read_timeout": 60,
    "retries": {"total_max_attempts": 1},
    "response_checksum_validation": "when_required",  # what comes is verified whole; not every server has checksums
}
_NO_ANSWER = (*S3_RETRYABLE_ERRORS, sdk.ConnectionError, sdk.IncompleteReadError)
_NO_CREDENTIALS = (sdk.NoCredentialsError, sdk.PartialCredentialsError)
_CODE = re.compile(r"[A-Za-z0-9.]{1,64}")


class S3Client:
    """Reads objects, of whichever server the environment names."""

    def __init__(self) -> None:
        self._files = S3FileSystem(config_kwargs=_CONFIG, skip_instance_cache=True)
        self._files.retries = 1

    def read(self, bucket: str, key: str, *, limit_bytes: int) -> Iterator[bytes]:
        """An object's bytes, chunk by chunk; nothing is asked for before the first.

        Raises ContentTooLarge when more than `limit_bytes` are announced or come, ContentNotFound, StoreUnreachable,
        StoreRefused. Can be repeated.
        """
        shown = f"s3://{bucket}/{key}"
        with _explaining_errors(shown):
            answer = self._files.call_s3("get_object", Bucket=bucket, Key=key)
        body = answer["Body"]
        try:
            received = 0
            _check_size(answer.get("ContentLength", 0), limit_bytes, shown)
            while chunk := self._read_chunk(body, shown):
                received += len(chunk)
                _check_size(received, limit_bytes, shown)
                yield chunk
        finally:
            sync(self._files.loop, body.aclose)

    def _read_chunk(self, body: Any, shown: str) -> bytes:
        with _explaining_errors(shown):
            return bytes(sync(self._files.loop, body.read, CHUNK_BYTES))


def _check_size(size_bytes: int, limit_bytes: int, shown: str) -> None:
    if size_bytes > limit_bytes:
        raise ContentTooLarge(f"{shown} has {size_bytes} bytes or more; expected at most {limit_bytes}")


@contextmanager
def _explaining_errors(shown: str) -> Iterator[None]:
    try:
        yield
    except (sdk.BotoCoreError, OSError, ValueError, *_NO_ANSWER) as error:
        raise _explain(error, shown) from error


def _explain(error: Exception, shown: str) -> ContentStoreError:
    answer = getattr(error.__cause__, "response", None)  # s3fs makes an OSError of the SDK's error, and keeps it there
    if isinstance(answer, dict):
        return _explain_answer(answer, shown)
    if isinstance(error, _NO_CREDENTIALS):
        return StoreRefused(f"{shown}: no credentials; expected AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
    below = getattr(error, "kwargs", {}).get("error", error)  # the SDK wraps what its connection raises
    if isinstance(error, _NO_ANSWER) and not isinstance(below, ValueError):
        reason = (isinstance(below, OSError) and str(below)) or type(below).__name__
        return StoreUnreachable(f"{shown}: no answer: {reason}")
    return StoreRefused(
        f"{shown} cannot be asked for ({type(below).__name__}); expected a URL in AWS_ENDPOINT_URL, and credentials and"
        " AWS_DEFAULT_REGION without spaces or line breaks"
    )


def _explain_answer(answer: dict[str, Any], shown: str) -> ContentStoreError:
    status = int(answer["ResponseMetadata"]["HTTPStatusCode"])
    code = str(answer["Error"].get("Code"))
    is_from_s3 = _CODE.fullmatch(code) and code != str(status)  # the SDK's word for a page that has no code
    text = f"{shown}: {status} {code if is_from_s3 else 'without a code of S3'}"
    if status == 404:
        return ContentNotFound(text)
    return (StoreUnreachable if status >= 500 or status == 429 else StoreRefused)(text)
