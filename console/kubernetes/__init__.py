"""A console in a cluster: its jobs are Jobs, and its deployments are objects of the API server.

job_manifest.py     an order as a Job, by the template that the chart has rendered
job_end.py          how a Job ended, from its own status and its pod's
cluster_jobs.py     JobRunner: Jobs, and what outlives them in folders of the state directory
chart_templates.py  what the chart has rendered, with names and digests put in their places
cluster_place.py    what the keeper does: revisions, the promotion's Job, the base route
cluster_keeper.py   goes on with deployments, as console/deployments/keeper.py does on one machine
wiring.py           chooses the classes

The client of Kubernetes is promotion/kubernetes/api_server.py; this room has none of its own.
"""
