"""REST: doors over the services (services.py). Nothing is decided here but codes and forms.

app.py             the doors put together
data_doors.py      PUT /add_data, GET /data, and holdouts
experiment_doors.py  PUT /retrain, GET /metrics/{experiment_id}, GET /experiments
deployment_doors.py  POST /deploy/{experiment_id}, rollouts and how one is ended
feedback_doors.py  POST /feedback
bundle_doors.py    bundles, and both kinds of content by digest as `assay store` speaks of them
job_doors.py       jobs and their logs
about_doors.py     health and metrics
uploads.py         a body that becomes a file
bodies.py          what is sent, and examples of it
error_answers.py   errors as `{"error": "..."}`, and their codes
same_origin.py     other sites' pages ask for nothing
request_count.py   around every request: the count
"""
