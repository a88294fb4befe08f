"""An order as a Job. Pure: the chart's template and an order in, a document out.

The template is a whole Job whose one container runs the program with what is ordered as its arguments. Its standard
error is the pod's log; its standard output, which is a result of a few hundred bytes, is the pod's termination message.
"""

import math
from copy import deepcopy

from console.jobs import JobOrder
from promotion.kubernetes.api_server import JsonObject

JOB_LABEL = "assay.dev/job"
KIND_LABEL = "assay.dev/job-kind"
SUBJECT_ANNOTATION = "assay.dev/subject"


def job_manifest(template: JsonObject, name: str, job_id: int, order: JobOrder) -> JsonObject:
    """The Job called `name`; the order's limits are those of the Job and of its container."""
    job = deepcopy(template)
    labels = {JOB_LABEL: str(job_id), KIND_LABEL: str(order.kind)}
    for place in (job, job["spec"]["template"]):
        metadata = place.setdefault("metadata", {})
        metadata["labels"] = {**metadata.get("labels", {}), **labels}
        metadata["annotations"] = {**metadata.get("annotations", {}), SUBJECT_ANNOTATION: order.subject}
    job["metadata"]["name"] = name
    job["spec"]["backoffLimit"] = 0  # a training that failed fails again
    if order.limits.seconds is not None:
        job["spec"]["activeDeadlineSeconds"] = math.ceil(order.limits.seconds)
    pod = job["spec"]["template"]["spec"]
    pod["restartPolicy"] = "Never"
    pod["terminationGracePeriodSeconds"] = math.ceil(order.stop_seconds)
    (container,) = pod["containers"]
    container["args"] = list(order.arguments)
    own = [{"name": variable, "value": value} for variable, value in order.environment.items()]
    container["env"] = [*container.get("env", []), *own]
    if order.limits.memory_bytes is not None:
        _limit_memory(container, order.limits.memory_bytes)
    return job


def _limit_memory(container: JsonObject, limit: int) -> None:
    resources = container.setdefault("resources", {})
    resources["limits"] = {**resources.get("limits", {}), "memory": str(limit)}
