"""What the thresholds of a holder's comparison are worth, `docs/holder-report.md`: `python -m bench.holder_report`
writes it from the kept figures of `make bench ROOM=documents_holder`."""

import json
import sys
from pathlib import Path
from typing import Any

from bench.__main__ import LATEST
from jiwar.documents.logic.holder import MEASURES, Method

REPORT = Path(__file__).resolve().parent.parent / "docs" / "holder-report.md"
Rows = dict[str, dict[str, Any]]

TEXT = """# What a score of *Compare the holder* is worth

Very little is known, and this page says how little. `make bench ROOM=documents_holder` measures, `python -m
bench.holder_report` writes this page from what it kept.

## What is used, and what its makers say

**Face**: the distance that dlib's network of 2017 gives, faces aligned by 5 points; the lower, the nearer. Threshold
{face_threshold:g}. Its maker states that {face_stated:g} of 1,000 pairs of Labeled Faces in the Wild, half of them of
one person, fell on the wrong side.

**Finger**: the score of bozorth3 on the minutiae of a live print and of a template; the higher, the nearer. Threshold
{finger_threshold:g}. Its guide says that above 40 it is usually the same finger, and states no rate.

A threshold is where a score is called near. It is not where a person is let through: the page shows the score, the
threshold and this warning, and a person decides.

## What was measured here

| | face | finger |
|---|---|---|
| people or fingers | 3 (one specimen portrait, two made by a program) | 2 (one specimen hand) |
| pairs of the same, the live picture made poorer in four ways | {face_own_pairs} | {finger_own_pairs} |
| pairs of strangers | {face_stranger_pairs} | {finger_stranger_pairs} |
| refused as too poor | {face_refused} | {finger_refused} |
| farthest of the same | {face_farthest_own:g} | {finger_farthest_own:g} |
| nearest of strangers | {face_nearest_stranger:g} | {finger_nearest_stranger:g} |
| same, but beyond the threshold | {face_own_beyond} | {finger_own_beyond} |
| strangers within the threshold | {face_strangers_within} | {finger_strangers_within} |

The live picture of a pair is the document's own, turned, darkened, blurred or made smaller: a second picture of the
same person, years later and from another camera, is farther away. These figures show that the parts work, and no more.

## Bias

**No rate by sex, age or skin can be given: there are three faces, and none of somebody whom these posts meet.** What is
known from elsewhere speaks against trusting a threshold from one data set: Labeled Faces in the Wild are mostly Western
men, and NIST's test of 189 face algorithms (NISTIR 8280, 2019) found that of most of them strangers
from West and East Africa were taken for one another ten to a hundred times as often as strangers from Eastern Europe.
Manual work, henna and age wear prints down: their owners get low scores against their own template.

So a state that opens this by an agreement measures it first on its own people, by consent, with at least 3,000 pairs of
strangers of each group that crosses there (for a rate of one in a thousand, seen with some certainty), and tells the
officers what came of it. Until then a near score proves nothing, and a far one is no reason to stop anybody.
"""


def report(rows: Rows) -> str:
    values = {name.partition(".")[2]: row["value"] for name, row in rows.items()}
    stated = {f"{method}_threshold": MEASURES[method].threshold for method in Method} | {
        "face_stated": MEASURES[Method.FACE].wrong_per_mille
    }
    return TEXT.format(**values, **stated)


def kept() -> Rows:
    rows = json.loads(LATEST.read_text(encoding="utf-8"))
    return {row["name"]: row for row in rows if row["name"].startswith("documents_holder.")}


if __name__ == "__main__":
    rows = kept()
    if not rows:
        sys.exit("no figures kept: make bench ROOM=documents_holder")
    REPORT.write_text(report(rows), encoding="utf-8")
