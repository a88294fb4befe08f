"""The benchmark: our predictor beside the servers that people use today, all with one model, on one core each.

    __main__.py      `make bench`: the command, from its options to the files of results
    model.py         the model, made from a seed: its ONNX, our bundle of it, and what it answers by plain arithmetic
    peers.py         the servers: how each is started and what it is asked
    environments.py  a virtual environment for each peer, from requirements/
    servers/         what runs in those: the model behind each framework, and behind none
    process.py       a server as a process on its core: started, timed, weighed, ended
    payloads.py      what is sent; answers.py checks what comes back, before anything is measured
    load.py          wrk and h2load on the other core
    rounds.py        everything measured, round by round, peer after peer
    results.py       the figures and their medians, as JSON; machine.py where they come from
    goals.py         what was promised, and what was reached
    capacity.py      what one core serves, and what a second worker adds: `python -m benchmarks.capacity`
    report.py        tables and picture from the JSON: `python -m benchmarks.report`

It is a benchmark and not a test: nothing passes or fails by a time.

    BenchmarkError
    ├── NotInstalled   a peer has no environment here; the message says why
    ├── ServerFailed   a peer does not start, or ended
    ├── WrongAnswer    a peer answers otherwise than the model does
    └── LoadFailed     a load generator is missing, or has no figures
"""
