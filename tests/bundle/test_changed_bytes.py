"""Not one byte of a bundle changes unseen, and the message names the file that it stands in."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from bundle import Bundle, BundleDamaged, read_bundle

FILES = ("manifest.json", "model.onnx")


def assert_named_as_damaged(written: Bundle, name: str, content: bytes) -> None:
    """With `content` in the file, reading says which file is damaged; afterwards the bundle is whole again."""
    path = written.path / name
    whole = path.read_bytes()
    path.write_bytes(content)
    try:
        with pytest.raises(BundleDamaged) as damaged:
            read_bundle(written.path)
    finally:
        path.write_bytes(whole)
    assert str(damaged.value).startswith(f"{path} ")
    assert "\n" not in str(damaged.value)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("bits", [0x01, 0x20, 0x80, 0xFF], ids=hex)
def test_a_changed_byte_is_named_wherever_it_stands(written: Bundle, name: str, bits: int) -> None:
    content = (written.path / name).read_bytes()
    for position, byte in enumerate(content):
        changed = content[:position] + bytes([byte ^ bits]) + content[position + 1 :]
        assert_named_as_damaged(written, name, changed)
    assert read_bundle(written.path) == written


@pytest.mark.parametrize("name", FILES)
def test_a_file_cut_off_anywhere_is_named(written: Bundle, name: str) -> None:
    content = (written.path / name).read_bytes()
    for length in range(len(content)):
        assert_named_as_damaged(written, name, content[:length])


@pytest.mark.parametrize("name", FILES)
@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_other_stretch_of_bytes_is_named(written: Bundle, name: str, data: st.DataObject) -> None:
    content = (written.path / name).read_bytes()
    start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(content))] * 2)))
    changed = content[:start] + data.draw(st.binary(max_size=20)) + content[end:]
    assume(changed != content)
    assert_named_as_damaged(written, name, changed)


@pytest.mark.parametrize(
    "content",
    [b"", b"null", b"[]", b"{}", b'"text"', b"7", b"\xff", b'{"digest": "sha256:0"}', b'{"digest": {}}', b"[" * 5000],
    ids=repr,
)
def test_a_manifest_of_another_kind_is_named(written: Bundle, content: bytes) -> None:
    assert_named_as_damaged(written, "manifest.json", content)


def test_a_bundle_under_the_digest_of_another_is_refused(written: Bundle, tmp_path: Path) -> None:
    other = f"sha256:{'1' * 64}"
    with pytest.raises(BundleDamaged) as damaged:
        read_bundle(written.path, expected_digest=other)
    assert str(damaged.value) == f"{written.path} is the bundle {written.digest}, not {other}"
