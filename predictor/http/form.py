"""multipart/form-data (RFC 7578), as browsers and curl send files: a body that is already there and within its limit.

The parts stay in memory, so nothing is written to a disk that a pod may not have.
"""

from collections.abc import Mapping
from typing import Any

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import Field, File, FormParser, parse_options_header

from bundle.one_line import one_line
from open_inference.json_object import quote
from predictor.errors import RequestRefused

_FORM = "multipart/form-data"
_MOST_PARTS = 16


def is_form(content_type: str) -> bool:
    """Whether a body of this Content-Type is a form."""
    return content_type.partition(";")[0].strip().lower() == _FORM


def read_form(body: bytes, content_type: str) -> Mapping[str, bytes]:
    """The parts of a form by name, files and fields alike. Raises RequestRefused."""
    parts: dict[str, bytes] = {}
    has_end = False

    def add(name: bytes | None, content: bytes) -> None:
        text = (name or b"").decode(errors="replace")
        if text in parts:
            raise RequestRefused(f"the form has {quote(text)} twice; expected it once")
        if len(parts) == _MOST_PARTS:
            raise RequestRefused(f"the form has more than {_MOST_PARTS} parts; expected fewer")
        parts[text] = content

    def add_file(file: File) -> None:
        file.file_object.seek(0)
        add(file.field_name, file.file_object.read())

    def add_field(field: Field) -> None:
        add(field.field_name, field.value or b"")

    def end() -> None:
        nonlocal has_end
        has_end = True

    boundary = parse_options_header(content_type)[1].get(b"boundary")
    options: dict[str, Any] = {"MAX_MEMORY_FILE_SIZE": len(body), "UPLOAD_ERROR_ON_BAD_CTE": True}
    try:
        parser = FormParser(_FORM, add_field, add_file, end, boundary=boundary, config=options)
        parser.write(body)
        parser.finalize()
    except FormParserError as error:
        raise RequestRefused(f"the body is no form: {one_line(error)}; expected {_FORM} with its boundary") from error
    if not has_end:
        raise RequestRefused("the form has no end; expected the boundary and -- after its last part")
    return parts
