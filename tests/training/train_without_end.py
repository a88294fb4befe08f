"""A training that goes on until it is interrupted: python -m tests.training.train_without_end DIRECTORY."""

import sys
from pathlib import Path

from tests.training.experiments import estimator, train
from training.digits import load_digits_parts


def main() -> None:
    parts = load_digits_parts()
    endless = {"max_iter": 10**9, "n_iter_no_change": 10**9, "tol": 0.0}
    fields = estimator("sklearn.neural_network.MLPClassifier", **endless, verbose=True)  # prints each iteration
    train(parts["part-1"], parts["holdout"], Path(sys.argv[1]), fields)


if __name__ == "__main__":
    main()
