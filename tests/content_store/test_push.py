"""Pushing: what is verified on both sides, and what is said when it is not."""

from pathlib import Path

import pytest

from bundle import Bundle, BundleDamaged
from content_store.errors import AddressNotUsable, ContentMismatch, StoreRefused, StoreUnreachable
from content_store.push import Push
from tests.content_store.conftest import StartStore
from tests.content_store.other_server import Answer, other_server
from tests.content_store.samples import files_of, make_bundle, make_rows, tar_of
from tests.content_store.store_process import StoreProcess


def push_to(url: str, *, timeout_seconds: float = 0.0) -> Push:
    return Push(url, timeout_seconds, lambda _: None)


def test_a_bundle_and_a_holdout_are_pushed_once(store: StoreProcess, bundle: Bundle) -> None:
    first, second = (push_to(f"{store.url}/").bundle(bundle.path) for _ in range(2))
    assert (first.content.digest, first.is_new, second.is_new) == (bundle.digest, True, False)
    assert first.url == second.url == f"{store.url}/bundles/{bundle.digest}"
    rows = make_rows()
    assert [push_to(store.url).holdout(rows).is_new for _ in range(2)] == [True, False]


def test_a_damaged_bundle_is_not_pushed(store: StoreProcess, tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path, version=2)
    (bundle.path / "model.onnx").chmod(0o644)
    (bundle.path / "model.onnx").write_bytes(b"changed")
    with pytest.raises(BundleDamaged):
        push_to(store.url).bundle(bundle.path)


def test_a_store_whose_copy_was_damaged_since_is_found_out(start_store: StartStore, bundle: Bundle) -> None:
    store = start_store()
    push_to(store.url).bundle(bundle.path)
    kept = store.directory / "bundles" / bundle.path.name / "model.onnx"
    kept.chmod(0o644)
    kept.write_bytes(b"x" * kept.stat().st_size)
    with pytest.raises(ContentMismatch, match=r"model\.onnx was changed: expected sha256:"):
        push_to(store.url).bundle(bundle.path)


def test_a_store_that_gives_something_else_than_it_took_is_found_out(bundle: Bundle, tmp_path: Path) -> None:
    other = tar_of(files_of(make_bundle(tmp_path, version=2)))
    answers = {"HEAD": Answer(status=404), "PUT": Answer(status=201), "GET": Answer(other)}
    with other_server(lambda method, _: answers[method]) as url, pytest.raises(ContentMismatch):
        push_to(url).bundle(bundle.path)


def test_a_bundle_that_is_too_large_is_refused_in_the_stores_words(store: StoreProcess, tmp_path: Path) -> None:
    large = make_bundle(tmp_path, size_bytes=20_000_000)
    with pytest.raises(StoreRefused, match=f"/bundles/{large.digest}: 413: .* expected at most 1000000 bytes"):
        push_to(store.url).bundle(large.path)


def test_it_waits_for_a_store_that_is_busy(bundle: Bundle) -> None:
    whole = tar_of(files_of(bundle))
    answers = [Answer(status=503), Answer(status=404), Answer(status=503), Answer(status=404), Answer(status=201)]
    with other_server(lambda method, _: Answer(whole) if method == "GET" else answers.pop(0)) as url:
        assert push_to(url, timeout_seconds=20).bundle(bundle.path).is_new
    assert answers == []


def test_an_address_that_is_none_is_named(bundle: Bundle) -> None:
    with pytest.raises(AddressNotUsable, match="'store:8080': expected a URL such as http://"):
        push_to("store:8080").bundle(bundle.path)
    with pytest.raises(StoreUnreachable, match=r"http://127\.0\.0\.1:1/bundles/sha256:"):
        push_to("http://127.0.0.1:1").bundle(bundle.path)


def test_what_is_no_store_is_not_waited_for(store: StoreProcess, bundle: Bundle) -> None:
    with pytest.raises(StoreRefused, match="404: no such path: '/wrong/bundles/sha256:"):
        push_to(f"{store.url}/wrong", timeout_seconds=60).bundle(bundle.path)
