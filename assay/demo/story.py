"""The story: a first model, a better one that is promoted, a sabotaged one that is not, and one with too few rows.

Every step is a command of this program, shown before it runs, so that the story can be retold by hand.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from access.caller import OwnCredentials
from assay.demo.client_traffic import ClientTraffic
from assay.demo.data import DemoData, write_short_holdout, write_wrong_labels
from assay.demo.errors import DemoFailed
from assay.labelled_data import load_rows
from assay.processes import Processes
from promotion.gate.outcome import Outcome
from promotion.gate.record import EvidenceRecord
from promotion.report import Chapter
from promotion.rollout.record import record_from_json

PARAMETERS = Path(__file__).with_name("params.yaml")
GATE = Path(__file__).with_name("gate.yaml")
EXAMPLE_ROWS = 50


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment of the story."""

    at_seconds: float
    name: str


@dataclass
class Story:
    """One telling, in `directory`, on `port` for the gateway and the four next ones for the revisions."""

    data: DemoData
    directory: Path
    port: int
    processes: Processes
    show: Callable[[str], None]
    chapters: list[Chapter] = field(default_factory=list, init=False)
    marks: list[Mark] = field(default_factory=list, init=False)
    bundles: dict[str, str] = field(default_factory=dict, init=False)

    @property
    def gateway_url(self) -> str:
        """Where clients send their requests."""
        return f"http://127.0.0.1:{self.port}"

    def tell(self) -> ClientTraffic:
        """Run the story to its end; the traffic that clients saw meanwhile. Raises DemoFailed."""
        self.show("\n== 1. A first model, trained on part 1, serves as stable behind Envoy; clients begin")
        self._train("v1", [self.data.part_1], number=1)
        self._serve("v1", number=1)
        gateway = ["split", "run", "--gateway", str(self._gateway), "--stable", f"v1={self._revision_url(1)}"]
        self.processes.serve("gateway", [*gateway, "--port", str(self.port)], f"{self.gateway_url}/v2/health/ready")
        rows = load_rows(self.data.holdout).first(EXAMPLE_ROWS)
        with ClientTraffic(f"{self.gateway_url}/classify", rows.features.tolist(), OwnCredentials.read()) as traffic:
            self._promote_better_model(traffic)
            self._reject_sabotaged_model(traffic)
            self._ask_with_few_rows(traffic)
        if traffic.failed:
            first = traffic.failed[0]
            raise DemoFailed(
                f"{len(traffic.failed)} requests failed, the first after {first.at_seconds:.1f} s: {first.problem}"
            )
        return traffic

    def _promote_better_model(self, traffic: ClientTraffic) -> None:
        self.show("\n== 2. New data arrives: a second model, trained on parts 1 and 2, wants the traffic")
        self._train("v2", [self.data.part_1, self.data.part_2], number=2)
        self._judge(traffic, "v2", "trained on parts 1 and 2", self.data.holdout, Outcome.PROMOTE, number=2)
        self.processes.run(["split", "adopt", "--gateway", str(self._gateway)])
        self.processes.stop("v1")

    def _reject_sabotaged_model(self, traffic: ClientTraffic) -> None:
        wrong_labels = self.directory / "data" / "wrong-labels.csv"
        said = write_wrong_labels([self.data.part_1, self.data.part_2], wrong_labels)
        self.show(f"\n== 3. A sabotaged model: {said}")
        self._train("v3", [str(wrong_labels)], number=3)
        self._judge(traffic, "v3", "trained on wrong labels", self.data.holdout, Outcome.REJECT, number=3)
        self._end_canary("v3")

    def _ask_with_few_rows(self, traffic: ClientTraffic) -> None:
        short_holdout = self.directory / "data" / "holdout-40.csv"
        write_short_holdout(self.data.holdout, short_holdout)
        self.show("\n== 4. An honest model, but only 40 rows to judge it by")
        self._train("v4", [self.data.part_1, self.data.part_2], number=4, seed=4)
        self._judge(traffic, "v4", "judged by 40 rows", str(short_holdout), Outcome.INCONCLUSIVE, number=4)
        self._end_canary("v4")

    def _train(self, revision: str, training: list[str], number: int, seed: int = 0) -> None:
        parameters = self.directory / "params.yaml" if seed == 0 else self.directory / f"params-seed-{seed}.yaml"
        parameters.write_text(_with_seed(PARAMETERS.read_text(), seed))
        out = self.directory / "bundles"
        known = set(out.glob("*"))
        data = [argument for specification in training for argument in ("--data", specification)]
        numbers = ["--model-version", str(number), "--experiment", str(number)]
        self.processes.run(
            ["train", *data, "--holdout", self.data.holdout, "--params", str(parameters), *numbers, "--out", str(out)]
        )
        (made,) = set(out.glob("*")) - known
        self.bundles[revision] = str(made)

    def _serve(self, revision: str, number: int) -> None:
        arguments = ["serve", "--bundle", self.bundles[revision], "--revision", revision, "--drain-seconds", "1"]
        port = str(self.port + number)
        self.processes.serve(
            revision, [*arguments, "--http-port", port], f"{self._revision_url(number)}/v2/health/ready"
        )

    def _judge(
        self, traffic: ClientTraffic, revision: str, told: str, holdout: str, expected: Outcome, number: int
    ) -> None:
        self._serve(revision, number)
        assigned = f"{revision}={self._revision_url(number)}"
        self.processes.run(["split", "assign", "canary", assigned, "--gateway", str(self._gateway)])
        self._mark(traffic, f"{revision} is judged")
        rollouts = self.directory / "rollouts"
        place = ["--gateway", str(self._gateway), "--out", str(rollouts)]
        gate = self.directory / "gate.yaml"
        gate.write_text(GATE.read_text())
        code = self.processes.run(
            ["promote", *place, "--holdout", holdout, "--config", str(gate)],
            expected=[outcome.exit_code for outcome in Outcome],
        )
        self._mark(traffic, f"{revision}: {Outcome(expected)}")
        if code == Outcome.ERROR.exit_code:
            raise DemoFailed(f"the rollout of {revision} ended with an error; its lines above say why")
        rollout = record_from_json((rollouts / f"rollout-{number - 1:04d}.json").read_bytes())
        evidence = EvidenceRecord.model_validate_json((rollouts / f"evidence-{number - 1:04d}.json").read_bytes())
        self.chapters.append(Chapter(f"{revision}, {told}", evidence, rollout))
        if evidence.verdict is not expected:
            raise DemoFailed(f"the verdict on {revision} is {evidence.verdict}; the story expects {expected} here")

    def _end_canary(self, revision: str) -> None:
        self.processes.run(["split", "assign", "canary", "none", "--gateway", str(self._gateway)])
        self.processes.stop(revision)

    def _mark(self, traffic: ClientTraffic, name: str) -> None:
        self.marks.append(Mark(traffic.elapsed_seconds(), name))

    def _revision_url(self, number: int) -> str:
        return f"http://127.0.0.1:{self.port + number}"

    @property
    def _gateway(self) -> Path:
        return self.directory / "gateway"


def _with_seed(parameters: str, seed: int) -> str:
    if seed == 0:
        return parameters
    document = yaml.safe_load(parameters)
    return yaml.safe_dump({"seed": seed, **document}, sort_keys=False)
