"""A record as rows of a database: one a row of the request, each with its own part of every tensor."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from open_inference import Tensor
from open_inference.binary_data import decode_binary
from predictor.recording.record import KeptTensor, Record
from records.prediction_writer import PredictionRow


class _Part(NamedTuple):
    """What of a record's tensors is a row's."""

    content: bytes
    form: list[dict[str, Any]]


def prediction_rows(record: Record) -> list[PredictionRow]:
    """The rows of a record of schema 1 (record.py): of its labels or values, or a single one where it has neither.

    A tensor whose first axis is no row of the request is with the first row.
    """
    fields = record.fields
    rows = max(len(fields.get("labels", ())), len(fields.get("values", ())), 1)
    inputs, outputs = (_parts(fields[name], rows) for name in ("inputs", "outputs"))

    def column(name: str, row: int) -> Any:
        return fields[name][row] if name in fields else None

    return [
        PredictionRow(
            answered_at=fields["time"],
            key=record.key,
            row=row,
            request_id=fields["request_id"],
            client_request_id=fields.get("id"),
            client=fields.get("client"),
            model=fields["model"],
            version=fields["version"],
            revision=fields["revision"],
            bundle_digest=fields["bundle_digest"],
            transport=fields["transport"],
            door=fields["door"],
            seconds=fields["seconds"],
            rows=fields["rows"],
            is_cut=fields["is_cut"],
            label=column("labels", row),
            label_index=column("indices", row),
            probability=column("probabilities", row),
            value=column("values", row),
            inputs=inputs[row].content,
            inputs_form=inputs[row].form,
            outputs=outputs[row].content,
            outputs_form=outputs[row].form,
        )
        for row in range(rows)
    ]


def _parts(tensors: Sequence[KeptTensor], rows: int) -> list[_Part]:
    """Of each row: the elements of its part of every tensor, one tensor behind the other, and what they are."""
    if rows == 1:
        contents = [tensor.to_bytes() for tensor in tensors]
        forms = [
            _form(tensor, list(tensor.data.shape), content) for tensor, content in zip(tensors, contents, strict=True)
        ]
        return [_Part(b"".join(contents), forms)]
    return _split_all(tensors, rows)


def _split_all(tensors: Sequence[KeptTensor], rows: int) -> list[_Part]:
    contents: list[list[bytes]] = [[] for _ in range(rows)]
    forms: list[list[dict[str, Any]]] = [[] for _ in range(rows)]
    for tensor in tensors:
        shape = list(tensor.data.shape)
        by_row = shape[:1] == [rows]
        content = tensor.to_bytes()
        parts = _split(content, tensor.datatype, shape) if by_row else [content]
        form = _form(tensor, [1, *shape[1:]] if by_row else shape, parts[0])  # shared: there may be 16384 rows
        for row, part in enumerate(parts):
            contents[row].append(part)
            forms[row].append({**form, "bytes": len(part)} if tensor.datatype == "BYTES" else form)
    return [_Part(b"".join(content), form) for content, form in zip(contents, forms, strict=True)]


def _form(tensor: KeptTensor, shape: list[int], content: bytes) -> dict[str, Any]:
    return {"name": tensor.name, "datatype": tensor.datatype, "shape": shape, "bytes": len(content)}


def _split(content: bytes, datatype: str, shape: Sequence[int]) -> list[bytes]:
    """The part of each of the first axis's elements."""
    rows = shape[0]
    if datatype != "BYTES":
        size = len(content) // rows
        return [content[row * size : (row + 1) * size] for row in range(rows)]
    texts = decode_binary(content, datatype, shape, "the record")
    return [Tensor("", datatype, (1, *shape[1:]), texts[row : row + 1]).to_bytes() for row in range(rows)]
