"""Doors of experiments."""

from mimetypes import guess_type

from fastapi import APIRouter, Response

from console.adoption import adopt
from console.experiments import Experiment, TrainingOrder
from console.http.bodies import NOBODY, USUAL_TRAINING, ByHeader, ExperimentMetrics, KeyHeader, TrainingBody
from console.http.error_answers import errors_of
from console.services import Services


def experiment_doors(services: Services) -> APIRouter:
    """PUT /retrain, GET /metrics/{experiment_id}, GET /experiments."""
    router = APIRouter(tags=["experiments"])

    @router.put(
        "/retrain",
        status_code=202,
        responses={
            200: {"model": Experiment, "description": "asked before, with this key"},
            **errors_of(400, 404, 409, 422),
        },
    )
    def retrain(
        response: Response, body: TrainingBody = USUAL_TRAINING, by: ByHeader = NOBODY, key: KeyHeader = None
    ) -> Experiment:
        """Begin a training, as a job: the answer has its `experiment_id`, and GET /metrics/{experiment_id} its end."""
        experiment, is_new = services.experiments.begin(TrainingOrder(body.parameters, body.parts), by, key)
        if not is_new:
            response.status_code = 200
        return experiment

    @router.get("/metrics/{experiment_id}", responses=errors_of(404))
    def metrics(experiment_id: int) -> ExperimentMetrics:
        """How an experiment stands, and what it was measured to be on its holdout once it has finished."""
        return ExperimentMetrics.of(services.experiments.find(experiment_id))

    @router.get("/experiments")
    def list_experiments() -> list[Experiment]:
        """All experiments, oldest first."""
        return list(services.experiments.look())

    @router.get("/experiments/{experiment_id}", responses=errors_of(404))
    def find_experiment(experiment_id: int) -> Experiment:
        """One experiment."""
        return services.experiments.find(experiment_id)

    @router.get("/experiments/{experiment_id}/files", responses=errors_of(404, 503))
    def list_files(experiment_id: int) -> list[str]:
        """The paths of what an experiment made: metrics, plots, the model."""
        return list(services.tracking.list_files(experiment_id))

    @router.get(
        "/experiments/{experiment_id}/files/{path:path}", response_class=Response, responses=errors_of(404, 503)
    )
    def read_file(experiment_id: int, path: str) -> Response:
        """One of these files, such as a plot."""
        kind = guess_type(path)[0]
        is_picture = kind is not None and kind.startswith("image/") and kind != "image/svg+xml"
        shown = kind if is_picture else "application/octet-stream"  # nothing that a browser would run
        return Response(services.tracking.read_file(experiment_id, path), media_type=shown)

    @router.post(
        "/experiments/{experiment_id}/adopt",
        responses={201: {"model": Experiment, "description": "known from now on"}, **errors_of(404, 422, 503)},
    )
    def adopt_experiment(response: Response, experiment_id: int, by: ByHeader = NOBODY) -> Experiment:
        """Know an experiment that DVC or `assay train` has trained, tracked in the same store, so that it can serve."""
        experiment, is_new = adopt(services.experiments, experiment_id, by)
        response.status_code = 201 if is_new else 200
        return experiment

    @router.post("/experiments/{experiment_id}/cancel", status_code=202, responses=errors_of(404))
    def cancel_experiment(experiment_id: int, by: ByHeader = NOBODY) -> Experiment:
        """Ask a training to end; one that has ended is left as it is."""
        return services.experiments.cancel(experiment_id, by)

    return router
