"""What is done in a process of its own, one module a job; here the jobs that compare, by method."""

from collections.abc import Mapping
from typing import Final

from jiwar.documents.confined import Job
from jiwar.documents.logic.holder import Method

COMPARING: Final[Mapping[Method, Job]] = {
    Method.FACE: Job(
        "jiwar.documents.jobs.face", 30.0, 1_500_000_000, ("dlib", "face_recognition_models"), extra="faces"
    ),
    Method.FINGER: Job("jiwar.documents.jobs.finger", 20.0, 1_500_000_000, ("nbis",), extra="fingers"),
}
