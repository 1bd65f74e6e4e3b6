"""Long work off the caller's thread: started, watched, cancelled, and forgotten after a while."""

from rerank_core.jobs.attendance import Attendance
from rerank_core.jobs.fairness import SHORT_TOKENS, Fairness
from rerank_core.jobs.job import Cancelled, Job, JobContext, JobProgress, JobState, current_job
from rerank_core.jobs.manager import JobManager

__all__ = [
    "SHORT_TOKENS",
    "Attendance",
    "Cancelled",
    "Fairness",
    "Job",
    "JobContext",
    "JobManager",
    "JobProgress",
    "JobState",
    "current_job",
]
