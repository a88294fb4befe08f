"""Work outside of requests, which a console that ends or is killed leaves running and finds again."""

from console.jobs.job import Job, JobKind, JobLimits, JobLog, JobOrder, JobRunner, JobState

__all__ = ["Job", "JobKind", "JobLimits", "JobLog", "JobOrder", "JobRunner", "JobState"]
