"""TensorBoard's event files: a scalar for each epoch of a training in steps, and the holdout's metrics at its end."""

from pathlib import Path

from tensorboardX import SummaryWriter

from training.experiment import FinishedExperiment
from training.inference_model import HoldoutMetrics
from training.plots import confusion_image


def write_events(finished: FinishedExperiment, directory: Path) -> None:
    """Write one event file into `directory`, which is made: `tensorboard --logdir` shows it."""
    writer = SummaryWriter(str(directory))
    try:
        for name, values in finished.epochs.items():
            for epoch, value in enumerate(values, start=1):
                writer.add_scalar(f"epoch/{name}", value, epoch)
        epochs = max(map(len, finished.epochs.values()), default=0)
        for name, value in finished.metrics.summary().items():
            writer.add_scalar(f"holdout/{name}", value, epochs)
        if isinstance(finished.metrics, HoldoutMetrics):
            pixels = confusion_image(finished.metrics)
            writer.add_image("holdout/confusion_matrix", pixels, epochs, dataformats="HWC")
    finally:
        writer.close()
