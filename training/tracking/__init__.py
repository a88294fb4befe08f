"""Experiments on record: MLflow keeps what a training was given, what it gave, and which model versions came of it.

    experiment.py   an experiment as it is told, without MLflow
    opening.py      from a URL to a store; MLflow is loaded here, and only where somebody tracks
    store.py        the store: begin, list, read, fetch a bundle
    run.py          one experiment under way: what it writes until it has ended
    registry.py     the model's versions, and which of them is `stable` or `canary`
    client.py       MLflow's client: its settings, and its errors as ours

An experiment's integer id is allotted here and nowhere else; whoever else counts experiments takes it over.
"""
