"""Long work off the caller's thread: started, watched, cancelled, and forgotten after a while."""

from rerank_core.jobs.job import Cancelled, Job, JobContext, JobProgress, JobState
from rerank_core.jobs.manager import JobManager

__all__ = ["Cancelled", "Job", "JobContext", "JobManager", "JobProgress", "JobState"]
