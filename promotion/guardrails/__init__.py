"""Watches the canary beside stable while traffic moves: does it fail more of its requests, does it answer later?

served_requests.py    what a source counts of each revision
guardrail_source.py   the seam: the gateway, the revisions themselves, Prometheus
findings.py           counts + policy -> a finding for each guardrail, pure
watch.py              one window of a rollout: when it is looked, and whether a step may pass
prometheus_source.py  the source that asks a Prometheus
"""
