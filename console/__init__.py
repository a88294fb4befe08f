"""What a team does around the serving: data, experiments, deployments, rollouts, feedback; over REST and a page.

services.py       what can be done, put together; REST and the page call the same
data_parts.py     parts of the data set, with the holdout kept apart
uploads/          files that become rows: CSV tables, zips of images
bundles.py        bundles by digest; holdouts.py, what is measured on
experiments.py    training runs; adoption.py takes one that was trained elsewhere
deployments/      which bundle serves, and how another one takes its place: never but through the gate
rollouts.py       looks at rollouts, ends them
predictions.py    what was answered
feedback.py       true labels of it; feedback_parts.py makes parts of them
drift.py          whether what serves is asked other things than it was measured on
tracking.py       the tracking store of experiments
record_book.py    what of all this is written into the database of records
jobs/             work outside of requests
kubernetes/       jobs and deployments in a cluster
http/             REST
page/             the page for people
wiring.py         chooses the concrete classes; server.py runs them

A person or a program is `by`: whoever asks, as they call themselves.
"""
