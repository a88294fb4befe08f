"""From the bytes of a picture to the model's input, without a server."""

import io
import struct
import zlib
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from bundle import ImageForm, TensorSignature
from predictor.errors import BodyTooLarge, ImageNotReadable, ModelNotUsable
from predictor.images.annotate import annotate
from predictor.images.convert import check_image_form, to_input
from predictor.images.decode import decode_image
from tests.predictor.pictures import encode, save

GREY = np.arange(0, 240, 20, dtype=np.uint8).reshape(3, 4)
FORM = ImageForm(width=4, height=3)


def read(content: bytes, *, pixel_limit: int = 10_000, background: str = "black", needed: int = 512) -> Image.Image:
    return decode_image(content, pixel_limit=pixel_limit, background=background, needed=(needed, needed))


def samples(image: Image.Image) -> Any:
    return np.asarray(image).tolist()


def test_a_grey_png_keeps_its_samples() -> None:
    image = read(encode(GREY))
    assert (image.mode, samples(image)) == ("L", GREY.tolist())


def test_a_coloured_png_keeps_its_samples() -> None:
    colours = np.stack([GREY, GREY[::-1], GREY[:, ::-1]], axis=-1)
    image = read(encode(colours))
    assert (image.mode, samples(image)) == ("RGB", colours.tolist())


def test_of_16_bits_the_upper_8_are_kept() -> None:
    deep = Image.fromarray(GREY.astype(np.uint16) * 257)
    assert samples(read(save(deep))) == GREY.tolist()


def test_one_bit_is_black_or_white() -> None:
    image = read(save(Image.fromarray(GREY > 100)))
    assert (image.mode, samples(image)) == ("L", np.where(GREY > 100, 255, 0).tolist())


def test_a_palette_is_looked_up() -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 40, 50, 60])
    image.putdata([1, 0])
    assert samples(read(save(image))) == [[[40, 50, 60], [10, 20, 30]]]


@pytest.mark.parametrize(("background", "shown"), [("black", 0), ("white", 255)])
@pytest.mark.parametrize("mode", ["LA", "RGBA", "P", "L"])
def test_what_is_transparent_shows_the_background(mode: str, background: str, shown: int) -> None:
    if mode in {"LA", "RGBA"}:
        content = save(Image.new(mode, (1, 1), (99, 0) if mode == "LA" else (99, 99, 99, 0)))
    else:
        content = save(Image.new(mode, (1, 1), 0), transparency=0)
    assert np.unique(samples(read(content, background=background))).tolist() == [shown]


def test_half_transparent_is_half_the_background() -> None:
    (((value,),),) = (samples(read(save(Image.new("LA", (1, 1), (200, 128))))),)
    assert value == pytest.approx(100, abs=1)


def test_a_jpeg_is_nearly_what_it_was() -> None:
    grey = np.full((16, 16), 77, dtype=np.uint8)
    assert np.abs(np.asarray(read(encode(grey, "JPEG")), dtype=int) - 77).max() <= 2


def test_a_cmyk_jpeg_is_seen_as_people_see_it() -> None:
    paper = Image.new("CMYK", (8, 8), (0, 0, 0, 0))
    image = read(save(paper, "JPEG"))
    assert image.mode == "RGB"
    assert np.asarray(image).min() >= 250


def test_the_orientation_of_a_camera_is_followed() -> None:
    tilted = Image.fromarray(np.rot90(np.repeat(np.repeat(GREY, 8, axis=0), 8, axis=1)))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    image = read(save(tilted, "JPEG", exif=exif, quality=100))
    assert image.size == (32, 24)
    assert np.abs(np.asarray(image)[4::8, 4::8].astype(int) - GREY).max() <= 3


def test_of_an_animation_the_first_picture_counts() -> None:
    frames = [Image.new("L", (2, 2), value) for value in (10, 200)]
    content = save(frames[0], save_all=True, append_images=frames[1:], duration=100)
    assert np.unique(samples(read(content))).tolist() == [10]


def test_a_large_jpeg_is_decoded_smaller_but_not_too_small() -> None:
    image = read(encode(np.zeros((400, 800)), "JPEG"), pixel_limit=400 * 800, needed=100)
    assert image.size == (200, 100)


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF", "WEBP", "PPM", "ICO"])
def test_other_formats_are_not_even_tried(kind: str) -> None:
    with pytest.raises(ImageNotReadable, match=r"^\d+ bytes are no picture; expected PNG or JPEG$"):
        read(encode(GREY, kind))


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_picture_that_ends_early_is_not_readable(kind: str) -> None:
    content = encode(np.random.default_rng(0).integers(0, 255, (32, 32)), kind)
    with pytest.raises(ImageNotReadable, match=r"the picture is damaged: .*; expected a whole PNG or JPEG"):
        read(content[: len(content) // 2])


def png_header(width: int, height: int) -> bytes:
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + head + struct.pack(">I", zlib.crc32(head)) + b"\0\0\0\0IDAT"


def test_too_many_pixels_are_known_before_one_is_decoded() -> None:
    with pytest.raises(BodyTooLarge, match=r"^the picture has 101 x 100 pixels; expected at most 10000$"):
        read(png_header(101, 100))
    with pytest.raises(BodyTooLarge, match=r"^the picture has far too many pixels; expected at most 10000$"):
        read(png_header(60_000, 60_000))


@given(st.binary(max_size=200), st.integers(0, 100), st.sampled_from(["PNG", "JPEG"]))
def test_any_bytes_are_a_picture_or_refused(noise: bytes, place: int, kind: str) -> None:
    whole = encode(GREY, kind)
    for content in (noise, whole[:place] + noise, whole[:place] + noise + whole[place + len(noise) :]):
        with suppress(ImageNotReadable, BodyTooLarge):
            assert read(content).mode in {"L", "RGB"}


@pytest.mark.parametrize(("scale", "invert"), [(255, False), (16, False), (1, False), (1, True), (16, True)])
def test_samples_are_scaled_and_inverted(scale: float, invert: bool) -> None:
    form = ImageForm(width=4, height=3, scale=scale, invert=invert)
    row = to_input(read(encode(GREY)), form, "FP32")
    expected = (255.0 - GREY if invert else GREY) / 255 * scale
    assert row.shape == (1, 12)
    assert row.dtype == np.float32
    np.testing.assert_allclose(row[0], expected.ravel(), rtol=1e-6)


def test_colours_are_laid_out_as_the_signature_says() -> None:
    colours = np.arange(36).reshape(3, 4, 3)
    image = read(encode(colours))
    form = ImageForm(width=4, height=3, channels=3)
    assert (to_input(image, form, "FP64")[0] == colours.ravel()).all()
    last = to_input(image, form.model_copy(update={"layout": "NHWC"}), "UINT8")
    assert last.dtype == np.uint8
    assert last[0].tolist() == colours.tolist()
    first = to_input(image, form.model_copy(update={"layout": "NCHW"}), "FP16")
    assert (first.shape, first[0].tolist()) == ((1, 3, 3, 4), colours.transpose(2, 0, 1).tolist())


def test_grey_is_luma() -> None:
    image = read(encode([[[255, 0, 0], [0, 255, 0], [0, 0, 255]]]))
    row = to_input(image, ImageForm(width=3, height=1), "FP32")
    np.testing.assert_allclose(row[0], np.array([0.299, 0.587, 0.114]) * 255, atol=0.6)


def test_where_a_picture_shrinks_every_pixel_counts() -> None:
    fine = np.indices((28, 28)).sum(axis=0) % 2 * 255  # a board of single pixels
    row = to_input(read(encode(fine)), ImageForm(width=4, height=4), "FP32")
    np.testing.assert_allclose(row, 127.5, atol=3)


@pytest.mark.parametrize(
    ("form", "datatype", "shape"),
    [
        (FORM, "FP32", (-1, 11)),
        (FORM, "FP32", (-1, 3, 4)),
        (FORM, "BYTES", (-1, 12)),
        (FORM.model_copy(update={"layout": "NCHW"}), "FP32", (-1, 3, 4, 1)),
    ],
)
def test_a_form_that_does_not_fit_the_input_is_known_at_the_start(
    form: ImageForm, datatype: str, shape: tuple[int, ...]
) -> None:
    with pytest.raises(ModelNotUsable):
        check_image_form(form, TensorSignature(name="x", datatype=datatype, shape=shape))


def test_a_form_can_fit_sizes_that_a_request_chooses() -> None:
    form = FORM.model_copy(update={"layout": "NCHW"})
    check_image_form(form, TensorSignature(name="x", datatype="FP32", shape=(-1, 1, -1, -1)))


@pytest.mark.parametrize("size", [(8, 8), (28, 28), (3, 300), (300, 1), (700, 500), (5000, 3), (512, 512)])
@pytest.mark.parametrize(
    "text", ["7  98.3%", "", "a class whose name is long, as some are\nand has two lines " * 3, "ж"]
)
def test_any_picture_can_be_annotated(size: tuple[int, int], text: str) -> None:
    content = annotate(Image.new("L", size, 90), text)
    with Image.open(io.BytesIO(content)) as drawn:
        assert drawn.format == "PNG"
        assert drawn.width <= 1024
        assert drawn.height <= 600
        top = drawn.getpixel((drawn.width // 2, 0))
    assert top == (90, 90, 90)


def test_what_is_written_is_there_and_the_picture_above_it_is_as_it_was() -> None:
    plain, named = (annotate(Image.fromarray(GREY), text) for text in ("", "seven"))
    with Image.open(io.BytesIO(plain)) as one, Image.open(io.BytesIO(named)) as other:
        shown = np.asarray(one)[:384]
        assert np.array_equal(shown, np.asarray(other)[:384])
        assert not np.array_equal(np.asarray(one), np.asarray(other))
    assert np.array_equal(shown[::128, ::128, 0], GREY)
