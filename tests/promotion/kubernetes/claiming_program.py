"""A rollout's process that claims and waits: `python -m tests.promotion.kubernetes.claiming_program RELEASE NAMESPACE`.

It prints `claimed`, and for every line that it reads it saves a record with that text, and prints what came of it.
"""

import sys
from dataclasses import replace

from promotion.kubernetes.api_server import ApiServer
from promotion.kubernetes.release import Release
from promotion.kubernetes.rollout_store import ClusterRolloutStore
from promotion.rollout.record import RolloutPlan
from promotion.rollout.rollout_store import RolloutError
from tests.promotion.rollout.events import begun


def main(release: str, namespace: str) -> None:
    store = ClusterRolloutStore(ApiServer.connect(), Release(release, namespace))
    with store.claim():
        print("claimed", flush=True)
        for line in sys.stdin:
            try:
                store.save(replace(begun(RolloutPlan()), because=line.strip()))
                print("saved", flush=True)
            except RolloutError as error:
                print(f"{type(error).__name__}: {error}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
