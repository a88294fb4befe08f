"""What can be done in a console, put together. REST and the page call the same; all calls block, so call in a thread.

Every method takes values and returns values. What it raises is a ConsoleError, or an error of the room below it
(BundleError, ContentStoreError, DatasetError, PromotionError, RecordsError), whose text is one line for a person.
"""

from dataclasses import dataclass

from access.caller import OwnCredentials
from console.bundles import Bundles
from console.data_parts import DataParts
from console.deployments.deployments import Deployments
from console.drift import DriftWatch
from console.experiments import Experiments
from console.feedback import Feedback
from console.feedback_parts import FeedbackParts
from console.holdouts import Holdouts
from console.jobs import JobRunner
from console.predictions import Predictions
from console.rollouts import Rollouts
from console.tracking import Tracking
from console.uploads import UploadLimits


@dataclass(frozen=True, slots=True)
class Services:
    """One console's."""

    data: DataParts
    holdouts: Holdouts
    bundles: Bundles
    experiments: Experiments
    tracking: Tracking
    deployments: Deployments
    rollouts: Rollouts
    predictions: Predictions
    feedback: Feedback
    feedback_parts: FeedbackParts
    drift: DriftWatch
    jobs: JobRunner
    upload_limits: UploadLimits
    credentials: OwnCredentials
    """What the predictors that the page asks are shown."""
