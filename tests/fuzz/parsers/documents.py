"""What the project's own programs write and read again, and what people write by hand: JSON and YAML."""

from collections.abc import Callable, Iterator
from pathlib import Path
from zlib import crc32

import numpy as np
import orjson

from assay.rollout_watch import read_evidence_file
from bundle import BundleError
from open_inference import Tensor
from predictor.identity import ModelIdentity
from predictor.model_copies import ModelCopies
from predictor.model_sources import StoredModel
from predictor.recording.chunk import FRAME_BYTES, MAGIC, Chunk, ChunkDamaged, Frame
from predictor.recording.kept_prediction import KeptPrediction
from predictor.recording.spool_folder import Delivered
from promotion.evidence.live_predictions import LivePredictionsUnreadable, read_live_predictions
from promotion.gate.configuration import GateConfigurationError, policy_digest, read_gate_configuration
from promotion.gate.followed_rows import FollowedRowsUnusable, follow_rows
from promotion.gate.slice_expression import SliceExpressionError, parse_slice
from promotion.gate.slices import SliceNotUsable
from promotion.gate.verdict import decide
from promotion.recorded.answers import LabelsRefused, RecordsMissing, RolloutAnswers
from promotion.recorded.label_store import FileLabels
from promotion.recorded.labels import TrueLabel
from promotion.recorded.predictions import RecordedPredictions
from promotion.rollout.file_orders import FileRolloutOrders
from promotion.rollout.file_store import FileRolloutStore
from promotion.rollout.orders import GivenRows, Order, OrderKind
from promotion.rollout.record import record_to_json
from promotion.rollout.rollout_store import RolloutNotUsable
from promotion.statistics.flat_rule import FlatRule
from tests.bundle.sample import MODEL_BYTES, manifest
from tests.fuzz.parser import Parser
from tests.predictor.predictions import make_prediction, make_record
from tests.promotion.gate.test_record import ANSWERS, POLICY, record_of
from tests.promotion.recorded.recordings import CANARY, STABLE, record_line
from training.errors import ParametersNotUsable
from training.parameters import read_parameters

_TESTS = Path(__file__).parents[2]
_GATE = b"""format: 1
profile: strict
margin: 0.02
minimum_accuracy: 0.5
required_classes: [Shirt, 7]
slices:
  intensity: bucket(mean(*), 4)
  shop: labels("shops.txt")
  cheap: price < 2 * (1 + min(a, b*))
required_slices: [shop]
guardrails: {watched: [errors, p99], error_margin: 0.02}
live_labels:
  required: true
  lag_seconds: 60
"""
_PARAMETERS = b"""seed: 1
model: {name: digits, version: 2}
dataset:
  training: [digits:part-1]
estimator:
  class: sklearn.neural_network.MLPClassifier
  arguments: {hidden_layer_sizes: [128], batch_size: 32}
"""
_YAML_WORDS = (
    *(b"!!int ", b"!!bool ", b"!!timestamp ", b"!!float ", b"!!binary ", b"!!set ", b"!!omap ", b"&a ", b"*a", b"<<: "),
    *(b"? ", b"- ", b": ", b"|\n ", b">", b"%YAML 1.3\n", b"---\n", b"...\n", b"2001-12-14t21:59:43.10-05:00", b"1:60"),
    *(b'"\\0"', b'"\\x85"', b'"\\n"', b"~", b"!!python/name:os.system ", b"#"),
)


def many_aliases(key: str) -> bytes:
    """Names that stand for nine of the names before: nothing in memory, gigabytes on paper."""
    lines = ["x0: &a0 [a, a, a, a, a, a, a, a, a]"]
    lines += [f"x{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]" for level in range(1, 10)]
    return "\n".join([*lines, f"{key}: *a9", ""]).encode()


def document_parsers(folder: Path) -> Iterator[Parser]:
    """All of them."""
    evidence = [path.read_bytes() for path in sorted((_TESTS / "promotion/gate/records").glob("*.json"))]
    evidence.append(record_of(decide(ANSWERS, POLICY)).to_json())
    yield Parser("evidence", evidence, _read_evidence(folder / "evidence.json"), (RolloutNotUsable,), is_json=True)
    rollouts = [path.read_bytes() for path in sorted((_TESTS / "promotion/rollout/records").glob("*.json"))]
    yield Parser("rollout", rollouts, _read_rollout(folder / "rollouts"), (RolloutNotUsable,), is_json=True)
    orders = FileRolloutOrders(folder)
    given = GivenRows("more.csv", f"sha256:{0:064}", 30)
    orders.give(Order(1, OrderKind.ROWS, "ann@desk", "2026-11-21T12:00:00Z", "a mistake", None, given))
    (order,) = folder.glob("order-0001-*.json")
    yield Parser("rollout-order", [order.read_bytes()], _read_order(order), (RolloutNotUsable,), is_json=True)
    yield from _prediction_parsers(folder)
    (folder / "shops.txt").write_text("a\nb\n")
    gate = [_GATE, many_aliases("margin"), b"- " + many_aliases("slices").replace(b"\n", b"\n  ")]
    refused = (GateConfigurationError, SliceNotUsable)
    yield Parser("gate-yaml", gate, _read_gate(folder / "gate.yaml"), refused, None, _YAML_WORDS)
    expressions = [b"bucket(mean(*), 4)", b'labels("shops.txt")', b'"a b" == "x"', b"price < -2 * (1 + min(a, b*)) / 3"]
    signs = (b"bucket(", b"labels(", b"mean(", b"min(", b"(", b"-", b"*", b"==", b"<=", b",", b"4)")
    yield Parser("slice", expressions, _read_slice, (SliceExpressionError,), None, signs)
    parameters = [_PARAMETERS, many_aliases("model"), many_aliases("seed")]
    read = _read_parameters(folder / "params.yaml")
    yield Parser("params-yaml", parameters, read, (ParametersNotUsable,), None, _YAML_WORDS)
    rule = FlatRule(0.05, 0.05, 2, 1000)
    (folder / "followed.csv").write_text("label,stable,canary\na,a,b\n")
    follow_rows(folder / "followed.csv", folder / "state.json", rule)
    state = (folder / "state.json").read_bytes()
    yield Parser("followed-state", [state], _read_state(folder, rule), (FollowedRowsUnusable,), is_json=True)
    yield from _kept_parsers(folder)


def _prediction_parsers(folder: Path) -> Iterator[Parser]:
    lines = [record_line(f"r{number}", 1e9 + number, (STABLE, CANARY)[number % 2], ["a", "b"]) for number in range(4)]
    lines += [make_record(number).to_line() for number in range(2)]
    words = (STABLE.encode(), CANARY.encode(), b'"labels"', b'"time"', b'"id"', b'"assay-replay"', b'"schema"')
    samples = [b"".join(lines), lines[0], lines[4]]
    recorded, live = _read_recorded(folder / "recorded"), _read_live(folder / "live")
    yield Parser("recorded-predictions", samples, recorded, (RecordsMissing,), _end_line, words, is_json=True)
    yield Parser("live-predictions", samples, live, (LivePredictionsUnreadable,), _end_line, words, is_json=True)
    labels = FileLabels(folder, 1)
    labels.hand_in([TrueLabel("r1", 0, "a"), TrueLabel("r2", 1, "b")], "ann@desk", 1e9)
    kept = folder / "labels-0001-0001.json"
    yield Parser("kept-labels", [kept.read_bytes()], _read_kept_labels(kept), (LabelsRefused,), is_json=True)


def _kept_parsers(folder: Path) -> Iterator[Parser]:
    chunks = [_chunk(rows) for rows in (0, 1, 3)]
    head = (MAGIC, b'"FP32"', b'"FP8"', b'"BYTES"')
    yield Parser("spool-chunk", chunks, _read_chunk, (ChunkDamaged,), repair_chunk, head)
    (folder / "spool").mkdir()
    Delivered(3, 4096, 17, 1).write(folder / "spool")
    delivered = folder / "spool" / "delivered.json"
    yield Parser("spool-place", [delivered.read_bytes()], _read_delivered(delivered), (ValueError,), is_json=True)
    copies = ModelCopies(folder)
    digest = f"sha256:{1:064}"
    for name, described in (("with", manifest()), ("without", None)):
        copies.keep(StoredModel(ModelIdentity("digits", "1", name, digest), described, MODEL_BYTES))
    copy = folder / digest.removeprefix("sha256:")
    yield Parser("model-copy", [copy.read_bytes()], _read_copy(copy, digest), (BundleError,))


def _read_evidence(path: Path) -> Callable[[bytes], None]:
    def read(content: bytes) -> None:
        path.write_bytes(content)
        found = read_evidence_file(path)
        assert found is not None
        assert type(found).model_validate(found.model_dump(mode="json")) == found
        found.to_verdict()

    return read


def _read_rollout(directory: Path) -> Callable[[bytes], None]:
    directory.mkdir()
    store = FileRolloutStore(directory)
    path = directory / "rollout-0001.json"

    def read(content: bytes) -> None:
        path.write_bytes(content)
        found = store.read_newest()
        assert found is not None
        path.write_bytes(record_to_json(found))
        assert store.read_newest() == found

    return read


def _read_order(path: Path) -> Callable[[bytes], None]:
    def read(content: bytes) -> None:
        path.write_bytes(content)
        assert FileRolloutOrders(path.parent).read_orders(1)

    return read


def _end_line(content: bytes) -> bytes:
    return content.rstrip(b"\n") + b"\n"


def _read_recorded(directory: Path) -> Callable[[bytes], None]:
    path = directory / "worker-0" / "predictions.jsonl"
    path.parent.mkdir(parents=True)

    def read(content: bytes) -> None:
        path.write_bytes(content)
        found = RecordedPredictions([directory], RolloutAnswers(1, STABLE, CANARY, 0.0))
        found.read()
        for answer in (*found.answers.stable.values(), *found.answers.canary.values()):
            assert isinstance(answer.request_id, str)
            assert all(isinstance(label, str) for label in answer.labels)
            assert answer.at >= 0

    return read


def _read_live(directory: Path) -> Callable[[bytes], None]:
    directory.mkdir()

    def read(content: bytes) -> None:
        (directory / "predictions.jsonl").write_bytes(content)
        assert read_live_predictions(directory).rows >= 0

    return read


def _read_kept_labels(path: Path) -> Callable[[bytes], None]:
    def read(content: bytes) -> None:
        path.write_bytes(content)
        assert FileLabels(path.parent, 1).read()

    return read


def _read_gate(path: Path) -> Callable[[bytes], None]:
    def read(content: bytes) -> None:
        path.write_bytes(content)
        policy = read_gate_configuration(path)
        assert policy_digest(policy) == policy_digest(read_gate_configuration(path))

    return read


def _read_slice(content: bytes) -> None:
    parse_slice(content.decode(errors="surrogateescape"))


def _read_parameters(path: Path) -> Callable[[bytes], None]:
    def read(content: bytes) -> None:
        path.write_bytes(content)
        parameters = read_parameters(path)
        assert parameters.digest() == read_parameters(path).digest()

    return read


def _read_state(folder: Path, rule: FlatRule) -> Callable[[bytes], None]:
    def read(content: bytes) -> None:
        (folder / "state.json").write_bytes(content)
        follow_rows(folder / "followed.csv", folder / "state.json", rule)

    return read


def _chunk(rows: int) -> bytes:
    texts = Tensor.of("words", np.array([b"", b"\xff\x00"] * rows, dtype=np.object_).reshape(rows, 2))
    pixels = Tensor.of("pixels", np.arange(rows * 7, dtype=np.uint8).reshape(rows, 7))
    kept = KeptPrediction.cut(make_prediction(1, rows=rows, inputs=[texts, pixels]), 2**20)
    encoded = kept.to_chunk("key", 1).encode()
    return b"".join((encoded.frame.write(0), *encoded.pieces))


def _read_chunk(content: bytes) -> None:
    read = Chunk.decode(content)
    assert Frame.read(content).chunk_bytes == len(content)
    for tensor in (*read.inputs, *read.outputs):
        assert tensor.to_bytes() in content


def repair_chunk(content: bytes) -> bytes:
    """Sizes and sums as they have to be, where the head is taken to end with its last bracket."""
    if len(content) < FRAME_BYTES:
        return content
    end = content.rfind(b"false]") + 6
    head, body = content[FRAME_BYTES:end], content[end:]
    checksum = 0
    try:
        for *_, size in orjson.loads(head)[5]:
            part, body = body[:size], body[size:]
            words = range(0, size, 8) if size >= 4096 else ()
            for begin in words:
                checksum ^= int.from_bytes(part[begin : begin + 8], "little")
            checksum ^= 0 if words else crc32(part)
    except (ValueError, TypeError, LookupError):
        checksum = 0
    sizes = len(head), len(content) - end
    return Frame(MAGIC, 0, 1, *sizes, 10**18, checksum, crc32(head)).write(0) + content[FRAME_BYTES:]


def _read_delivered(path: Path) -> Callable[[bytes], None]:
    def read(content: bytes) -> None:
        path.write_bytes(content)
        place = Delivered.read(path.parent).place
        assert isinstance(place.segment, int)

    return read


def _read_copy(path: Path, digest: str) -> Callable[[bytes], None]:
    def read(content: bytes) -> None:
        path.write_bytes(content)
        assert ModelCopies(path.parent).read("digits", "1", digest).identity.bundle_digest == digest

    return read
