"""Work outside of requests, which a console that ends or is killed leaves running and finds again.

job.py               a job, and the seam JobRunner
job_folder.py        what is kept of each, wherever it runs
subprocess_jobs.py   processes of this machine, each with a supervisor (supervisor.py); ending.py ends them all

In a cluster they are Jobs: console/kubernetes/cluster_jobs.py.
"""

from console.jobs.job import Job, JobKind, JobLimits, JobLog, JobOrder, JobRunner, JobState

__all__ = ["Job", "JobKind", "JobLimits", "JobLog", "JobOrder", "JobRunner", "JobState"]
