"""gate.yaml: what is read, and what a person is told of what is not."""

from dataclasses import asdict, replace
from pathlib import Path

import orjson
import pytest

from bundle.manifest import content_digest
from promotion.errors import PromotionError
from promotion.gate.configuration import (
    GateConfigurationError,
    policy_digest,
    read_gate_configuration,
    with_settings,
)
from promotion.gate.policy import GatePolicy, Guardrail, GuardrailPolicy
from promotion.gate.profiles import PROFILES

COMPLETE = """\
format: 1
margin: 0.01
class_margin: 0.1
alpha: 0.025
power: 0.8
minimum_accuracy: 0.9
required_classes: [Shirt, 3]
classes_are_judged: true
"""


@pytest.fixture
def gate_yaml(tmp_path: Path) -> Path:
    return tmp_path / "gate.yaml"


def test_without_a_file_the_defaults_hold() -> None:
    assert read_gate_configuration(None) == GatePolicy(
        margin=0.02,
        class_margin=0.05,
        alpha=0.05,
        power=0.9,
        minimum_accuracy=None,
        required_classes=(),
        classes_are_judged=True,
    )


def test_every_key_is_read(gate_yaml: Path) -> None:
    gate_yaml.write_text(COMPLETE)
    assert read_gate_configuration(gate_yaml) == GatePolicy(
        margin=0.01,
        class_margin=0.1,
        alpha=0.025,
        power=0.8,
        minimum_accuracy=0.9,
        required_classes=("Shirt", "3"),
        classes_are_judged=True,
    )


@pytest.mark.parametrize("content", ["", "# nothing yet\n", "format: 1\n"])
def test_keys_that_are_left_out_have_their_defaults(gate_yaml: Path, content: str) -> None:
    gate_yaml.write_text(content)
    assert read_gate_configuration(gate_yaml) == GatePolicy()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("margin: 0", "margin: found 0, expected a share above 0, at most 0.5"),
        ("margin: 2 %", "margin: found '2 %', expected a share above 0, at most 0.5"),
        ("margin: .nan", "margin: found nan, expected a share above 0, at most 0.5"),
        ("class_margin: 0.6", "class_margin: found 0.6, expected a share above 0, at most 0.5"),
        ("alpha: 0.5", "alpha: found 0.5, expected a share above 0, below 0.5"),
        ("power: 1", "power: found 1, expected a share of at least 0.5, below 1"),
        ("minimum_accuracy: 90", "minimum_accuracy: found 90, expected a share above 0, below 1, or null"),
        ("required_classes: Shirt", "required_classes: found 'Shirt', expected a list of class labels"),
        ("required_classes: [[a]]", "required_classes: found ['a'], expected a list of class labels"),
        ("classes_are_judged: maybe", "classes_are_judged: found 'maybe', expected true or false"),
        ("format: 2", "format: found 2, expected 1"),
        (
            "margins: 0.02",
            "margins: unknown key, expected one of format, profile, margin, class_margin, alpha, power, ",
        ),
        ("1: 0.02", "1: unknown key, expected one of format, profile, margin, "),
        (
            "{classes_are_judged: false, required_classes: [a]}",
            "required_classes are named, but classes_are_judged is false; expected one of the two",
        ),
        ("profile: lax", "profile: found 'lax', expected strict, default or exploratory"),
        ("harm_goes_first: maybe", "harm_goes_first: found 'maybe', expected true or false"),
        (
            "slices: [a]",
            "slices: found ['a'], expected names with expressions, such as `intensity: bucket(mean(*), 4)`",
        ),
        ("slices: {a: 'mean(*) +'}", "slices, a: 'mean(*) +', character 10: found the end, expected a column, "),
        ("required_slices: [a]", "required_slices: found 'a', expected a name of `slices`"),
        ("- margin", "found ['margin'], expected keys with values, such as `margin: 0.02`"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_expected(gate_yaml: Path, content: str, message: str) -> None:
    gate_yaml.write_text(content)
    with pytest.raises(GateConfigurationError) as caught:
        read_gate_configuration(gate_yaml)
    assert str(caught.value).startswith(f"{gate_yaml}: {message}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "where"),
    [
        (b"margin: 0.02\nalpha: [", ", line 2: "),
        (b"margin: 0.02\n\tpower: 1", ", line 2: "),
        (b"\xff\xfe\xfa", ": "),
        (b"margin: 2024-99-99", ": "),
        (b"margin: \x00", ": "),
    ],
)
def test_what_is_not_yaml_is_named_with_its_place(gate_yaml: Path, content: bytes, where: str) -> None:
    gate_yaml.write_bytes(content)
    with pytest.raises(GateConfigurationError) as caught:
        read_gate_configuration(gate_yaml)
    assert str(caught.value).startswith(f"{gate_yaml}{where}")
    assert str(caught.value).endswith("; expected YAML")
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(gate_yaml: Path) -> None:
    with pytest.raises(PromotionError, match=r"cannot be read: No such file or directory; expected a gate\.yaml"):
        read_gate_configuration(gate_yaml)


def test_a_directory_is_no_configuration(tmp_path: Path) -> None:
    with pytest.raises(GateConfigurationError, match="cannot be read: Is a directory"):
        read_gate_configuration(tmp_path)


def test_equal_policies_have_equal_digests(gate_yaml: Path) -> None:
    gate_yaml.write_text("alpha: 0.05\nmargin: 0.02\n")
    assert policy_digest(read_gate_configuration(gate_yaml)) == policy_digest(GatePolicy())


LATER = ["harm_goes_first: true", "slices: {dark: mean(*) < 3}"]


@pytest.mark.parametrize("line", [*COMPLETE.splitlines()[1:7], *LATER])
def test_every_setting_changes_the_digest(gate_yaml: Path, line: str) -> None:
    gate_yaml.write_text(line)
    assert policy_digest(read_gate_configuration(gate_yaml)) != policy_digest(GatePolicy())


def test_the_digest_of_a_configuration_is_the_same_in_later_versions() -> None:
    assert policy_digest(GatePolicy()) == "sha256:9348a1c670951f6c722b747babd9c03654be036bae4480c26d6b18bce95b0efb"


def test_required_slices_change_the_digest(gate_yaml: Path) -> None:
    digests = set()
    for required in ("[]", "[dark]"):
        gate_yaml.write_text(f"slices: {{dark: mean(*) < 3}}\nrequired_slices: {required}\n")
        digests.add(policy_digest(read_gate_configuration(gate_yaml)))
    assert len(digests) == 2


@pytest.mark.parametrize("profile", ["strict", "default", "exploratory"])
def test_a_profile_is_what_its_keys_are_left_out_for(gate_yaml: Path, profile: str) -> None:
    gate_yaml.write_text(f"profile: {profile}\nclass_margin: 0.07\n")
    assert read_gate_configuration(gate_yaml) == replace(PROFILES[profile], class_margin=0.07)


def test_a_key_at_its_default_still_departs_from_a_profile(gate_yaml: Path) -> None:
    gate_yaml.write_text("profile: strict\nmargin: 0.02\n")
    assert read_gate_configuration(gate_yaml).margin == 0.02


def test_what_a_file_of_labels_holds_is_part_of_the_digest_and_its_place_is_not(tmp_path: Path) -> None:
    digests = []
    for folder, labels in (("a", "x\ny\n"), ("b", "x\ny\n"), ("c", "x\nz\n")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "shops.txt").write_text(labels)
        (tmp_path / folder / "gate.yaml").write_text('slices:\n  shop: labels("shops.txt")\n')
        policy = read_gate_configuration(tmp_path / folder / "gate.yaml")
        assert policy.slices[0].labels_path == str(tmp_path / folder / "shops.txt")
        digests.append(policy_digest(policy))
    assert digests[0] == digests[1] != digests[2]


def test_a_file_of_labels_that_is_missing_is_named(gate_yaml: Path) -> None:
    gate_yaml.write_text('slices: {shop: labels("shops.txt")}')
    with pytest.raises(PromotionError, match=r"shops\.txt cannot be read: No such file or directory; expected a label"):
        read_gate_configuration(gate_yaml)


def test_other_numbers_are_checked_like_those_of_a_file() -> None:
    assert with_settings(GatePolicy(), margin=0.01, alpha=None, power=0.8) == GatePolicy(margin=0.01, power=0.8)
    with pytest.raises(GateConfigurationError, match=r"alpha: found 0\.5, expected a share above 0, below 0\.5"):
        with_settings(GatePolicy(), alpha=0.5)


def test_guardrails_are_read_and_those_left_out_are_the_profile_s(gate_yaml: Path) -> None:
    gate_yaml.write_text("profile: strict\nguardrails: {watched: [errors, p95], latency_ratio: 3}\n")
    expected = replace(PROFILES["strict"].guardrails, watched=(Guardrail.ERRORS, Guardrail.P95), latency_ratio=3.0)
    assert read_gate_configuration(gate_yaml).guardrails == expected


def test_guardrails_are_off_only_where_somebody_says_so(gate_yaml: Path) -> None:
    assert read_gate_configuration(None).guardrails.watched == tuple(Guardrail)
    gate_yaml.write_text("guardrails: {watched: []}\n")
    assert read_gate_configuration(gate_yaml).guardrails.watched == ()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("guardrails: {p95: 1}", "guardrails, p95: unknown key, expected one of watched, error_margin, "),
        (
            "guardrails: {watched: [p90]}",
            "guardrails, watched: found 'p90', expected a list of errors",
        ),
        ("guardrails: {watched: [p50, p50]}", "guardrails: watched names one twice"),
        ("guardrails: {latency_ratio: 0.5}", "guardrails, latency_ratio: found 0.5, expected a number of 1 to 100"),
        ("guardrails: {alpha: 1}", "guardrails, alpha: found 1, expected a share above 0, below 0.5"),
        ("guardrails: {minimum_requests: 0}", "guardrails, minimum_requests: found 0, expected a number of at least 1"),
        ("guardrails: true", "guardrails: found True, expected keys with values"),
        (
            "guardrails: {errors_are_shown: true, watched: [p50]}",
            "guardrails: errors_are_shown, but watched leaves out errors",
        ),
    ],
)
def test_a_wrong_guardrail_is_named_with_what_is_expected(gate_yaml: Path, content: str, message: str) -> None:
    gate_yaml.write_text(content)
    with pytest.raises(GateConfigurationError) as raised:
        read_gate_configuration(gate_yaml)
    assert message in str(raised.value)


def test_the_default_guardrails_leave_the_policy_s_digest_and_others_change_it() -> None:
    plain = GatePolicy()
    changed = replace(plain, guardrails=GuardrailPolicy(error_margin=0.03))
    assert policy_digest(changed) != policy_digest(plain)
    without = {"margin", "class_margin", "alpha", "power", "minimum_accuracy", "required_classes", "classes_are_judged"}
    content = {key: value for key, value in asdict(plain).items() if key in without}
    assert policy_digest(plain) == content_digest(orjson.dumps(content, option=orjson.OPT_SORT_KEYS))
