"""The page's questions to a predictor, and what it says where nobody answers."""

import asyncio
import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from access.caller import OwnCredentials
from console.page.asked_predictor import AnswerRefused, AskedPredictor, PredictorAway
from console.page.seen_picture import PictureNotUsable, fit_to_frame, picture_as_seen, row_as_seen
from tests.predictor.assay_serve import assay_serve
from tests.predictor.bundles import write_digits_bundle
from tests.predictor.server_process import find_free_port


def make_png(pixels: np.ndarray[tuple[int, int], np.dtype[np.uint8]]) -> bytes:
    written = io.BytesIO()
    Image.fromarray(pixels).save(written, "PNG")
    return written.getvalue()


def pixels_at(address: str) -> list[list[int]]:
    content = base64.b64decode(address.removeprefix("data:image/png;base64,"))
    pixels: list[list[int]] = np.asarray(Image.open(io.BytesIO(content))).tolist()
    return pixels


def test_where_nobody_listens_it_says_who_was_asked_and_what_to_do() -> None:
    url = f"http://127.0.0.1:{find_free_port()}"
    with pytest.raises(PredictorAway, match=f"The predictor at {url} does not answer: ") as caught:
        asyncio.run(AskedPredictor(url, OwnCredentials()).read_model())
    assert "assay split show" in caught.value.next_step


@pytest.mark.slow
def test_a_picture_gets_the_answer_of_the_row_that_is_shown_of_it(tmp_path: Path) -> None:
    bundle = write_digits_bundle(tmp_path / "bundles")
    drawn = np.zeros((64, 64), dtype=np.uint8)
    drawn[10:54, 28:36] = 255

    async def ask(url: str) -> None:
        predictor = AskedPredictor(f"http://{url}/", OwnCredentials())
        model = await predictor.read_model()
        assert model.image == bundle.manifest.image
        assert model.image is not None
        png = fit_to_frame(make_png(drawn), model.image)
        by_picture = await predictor.classify_picture(png, model)
        seen = np.array(pixels_at(picture_as_seen(png, model.image)), dtype=np.float64)
        row = np.rint(seen * model.image.scale / 255).reshape(-1)
        by_row = await predictor.classify(f"[{','.join(f'{value:g}' for value in row)}]", model)
        assert by_row.label == by_picture.label
        assert [label for label, _ in by_picture.probabilities] == list(bundle.manifest.classes)
        assert sum(share for _, share in by_picture.probabilities) == pytest.approx(1, abs=1e-3)
        shown_as_row = np.array(pixels_at(row_as_seen(row.tolist(), model.image)))
        assert np.abs(shown_as_row - seen).max() <= 8  # of 255: the row is rounded to 16 levels
        with pytest.raises(AnswerRefused, match="expected 64"):
            await predictor.classify("1,2,3", model)
        assert len(await predictor.read_example()) == 64

    with assay_serve(bundle.path, tmp_path / "log") as addresses:
        asyncio.run(ask(addresses.http))


def test_a_drawing_fills_its_frame_and_a_file_that_is_none_is_refused_in_a_line(tmp_path: Path) -> None:
    form = write_digits_bundle(tmp_path / "bundles").manifest.image
    assert form is not None
    small = np.zeros((80, 80), dtype=np.uint8)
    small[40:48, 40:44] = 255
    assert pixels_at(picture_as_seen(fit_to_frame(make_png(small), form), form)) == [
        [0, 0, 255, 255, 255, 255, 0, 0] for _ in range(8)
    ]
    blank = make_png(np.zeros((80, 80), dtype=np.uint8))
    assert fit_to_frame(blank, form) == blank
    with pytest.raises(PictureNotUsable, match="no picture; expected PNG or JPEG"):
        picture_as_seen(b"hello", form)
