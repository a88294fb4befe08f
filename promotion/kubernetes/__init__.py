"""A rollout in a cluster: the seams of promotion/, kept by objects of the Kubernetes API, whose client only lives here.

api_server           JSON in, JSON out, errors that say whether to try again
release              what the chart's objects are called
split_route, router  TrafficRouter: the split is an HTTPRoute that only a rollout writes
gateway_probe        which split the gateway goes by, as its answers say
envoy_counter        RequestCounter: what Envoy Gateway's proxies count
canary_start         waits for a canary that was just deployed
endpoint_watch       notices at once when the canary's last ready endpoint goes
watched              Clock and EvidenceSource that pass that on to the runner
lease, rollout_store RolloutStore: a Lease to be the only one, a ConfigMap for the record
promotion_job        whether another pod goes on after this one
rollout_events       Kubernetes Events for whoever looks with kubectl
"""
