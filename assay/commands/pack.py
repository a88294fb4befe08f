"""`assay pack`: an ONNX file that was not trained here becomes a bundle."""

from pathlib import Path
from typing import Annotated, Any

import typer

from assay.output import print_json, print_lines
from bundle import write_bundle
from bundle.one_line import one_line
from predictor.errors import ModelNotUsable

_FIELDS = frozenset({"task", "feature_names", "categories", "unknown_categories", "classes", "answer", "metrics"})


def pack(
    onnx: Annotated[Path, typer.Option("--onnx", metavar="FILE", help="The model.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the bundle is written, in a directory of its own.")],
    manifest: Annotated[
        Path | None, typer.Option(metavar="FILE", help="What its outputs mean (YAML); without it, it answers V2 alone.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="What it is called; else the file's name.")] = None,
    model_version: Annotated[int, typer.Option(min=1, help="Which of the model's bundles this is.")] = 1,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Make a bundle of any ONNX file whose signature can be served.

    Example: assay pack --onnx shapes.onnx --manifest shapes.yaml --out build/bundles
    """
    from predictor.settings import PredictorSettings
    from predictor.wiring import describe_onnx

    content = _read(onnx)
    stated = None if manifest is None else _read_fields(manifest)
    described = describe_onnx(
        content, name=name or onnx.stem, version=str(model_version), stated=stated, settings=PredictorSettings()
    )
    bundle = write_bundle(out, described, content)
    if json:
        print_json({"bundle": str(bundle.path), "digest": bundle.digest})
        return
    print_lines(
        [
            f"bundle   {bundle.path}",
            f"digest   {bundle.digest}",
            f"task     {bundle.manifest.task}",
            f"next     assay serve --bundle {bundle.path}",
        ]
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelNotUsable(f"{path}: cannot be read: {error.strerror}") from error


def _read_fields(path: Path) -> dict[str, Any]:
    from bundle.yaml_document import YamlMalformed, read_yaml

    try:
        fields = read_yaml(_read(path))
    except YamlMalformed as error:
        raise ModelNotUsable(f"{path}: not YAML: {error}") from error
    unknown = sorted(set(map(str, fields)) - _FIELDS) if isinstance(fields, dict) else []
    if not isinstance(fields, dict) or unknown:
        found = f"the field {one_line(repr(unknown[0]))}" if unknown else f"a {type(fields).__name__}"
        raise ModelNotUsable(f"{path}: {found}; expected fields among {', '.join(sorted(_FIELDS))}")
    return fields
