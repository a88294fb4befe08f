"""Whatever bytes are read as a chunk, they are the chunk that was written, or they are refused."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from open_inference import Tensor
from predictor.recording.chunk import FRAME_BYTES, MAGIC, Chunk, ChunkDamaged, Frame
from predictor.recording.kept_prediction import KeptPrediction
from tests.predictor.predictions import content_of, make_prediction

LIMIT = 2**20


def chunk_of(number: int, rows: int = 2) -> Chunk:
    texts = Tensor.of("words", np.array([b"", b"\xff\x00"] * rows, dtype=np.object_).reshape(rows, 2))
    pixels = Tensor.of("pixels", np.arange(rows * 7, dtype=np.uint8).reshape(rows, 7))
    return KeptPrediction.cut(make_prediction(number, rows=rows, inputs=[texts, pixels]), LIMIT).to_chunk("key", number)


def written(number: int, rows: int = 2) -> bytes:
    return content_of(chunk_of(number, rows).encode())


@given(st.integers(0, 2**53), st.integers(0, 40))
@example(number=1, rows=0)
def test_what_was_written_is_read(number: int, rows: int) -> None:
    chunk = chunk_of(number, rows)
    encoded = chunk.encode()
    content = content_of(encoded)
    assert len(content) == encoded.size == Frame.read(content).chunk_bytes
    read = Chunk.decode(content)
    assert content_of(read.encode()) == content
    for mine, theirs in zip((*read.inputs, *read.outputs), (*chunk.inputs, *chunk.outputs), strict=True):
        assert mine[:2] == theirs[:2]
        np.testing.assert_array_equal(mine.data, theirs.data)
    assert (read.labels, read.indices) == (chunk.labels, list(chunk.indices))


@given(st.binary(max_size=2 * FRAME_BYTES), st.booleans())
def test_any_bytes_are_refused(content: bytes, begins_well: bool) -> None:
    with pytest.raises(ChunkDamaged):
        Chunk.decode(MAGIC + content if begins_well else content)


@given(st.data())
def test_a_chunk_with_a_bit_changed_or_an_end_torn_off_or_more_behind_it_is_refused(data: st.DataObject) -> None:
    content = bytearray(written(data.draw(st.integers(0, 9))))
    where = data.draw(st.integers(0, len(content) - 1))
    how = data.draw(st.sampled_from(["flip", "tear", "zero", "append"]))
    if how == "flip":
        content[where] ^= 1 << data.draw(st.integers(0, 7))
    elif how == "tear":
        del content[where:]
    elif how == "append":
        content += b"\0"
    else:
        rest = content[where:]
        content[where:] = b"\0" * len(rest)
        if not any(rest):
            return  # it was so before
    with pytest.raises(ChunkDamaged):
        Chunk.decode(bytes(content))
