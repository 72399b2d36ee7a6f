"""Check everything that a document says: one function, one tree of results (BSI TR-03135-1), and what an officer reads.

A report can be made again: from the same inputs, trust store, policy, time and circumstances comes the same tree. What
was looked up for it (the registry of lost documents, revoked seals) is an input like what was read.
"""

import datetime as dt
import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import partial
from typing import Any, Final

from jiwar.documents.logic.chip_checking import check_chip
from jiwar.documents.logic.chip_transcripts import Reading
from jiwar.documents.logic.lds import read_group
from jiwar.documents.logic.lds_files import CARD_SECURITY, SOD, LdsUnreadable, Zone, group_name, groups
from jiwar.documents.logic.lost import LostAnswer
from jiwar.documents.logic.lost_checking import check_lost
from jiwar.documents.logic.mrz import Mrz, MrzUnreadable, read_mrz
from jiwar.documents.logic.mrz_checking import check_mrz
from jiwar.documents.logic.passive import check_card_security, check_passive
from jiwar.documents.logic.report import Check, CheckReport, Header, Result, group, timed
from jiwar.documents.logic.seal_checking import Revoked, check_seal
from jiwar.documents.logic.seal_profiles import Profiles
from jiwar.documents.logic.trust import Trust, beside_missing_lists

MOST_SEALS: Final = 4
"""Seals of one document that are looked at."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """What was read of one document, each empty where it was not: the printed zone as text, the chip, the bytes of its
    seals, and what the registry of lost documents answered."""

    zone: str = ""
    chip: Reading | None = None
    seals: tuple[bytes, ...] = ()
    lost: LostAnswer | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """By what a state checks: the profiles of seals it knows, which are revoked, and the name of all this."""

    name: str
    profiles: Profiles
    revoked: Revoked = lambda seal: None


@dataclass(frozen=True, slots=True)
class Circumstances:
    """`clock`: ``synchronised``, ``unconfirmed`` (nobody compared it of late) or ``wrong`` (somebody did)."""

    clock: str = "unconfirmed"
    offline: bool = True


def check_document(
    inputs: Inputs,
    trust: Trust,
    policy: Policy,
    at: dt.datetime,
    around: Circumstances = Circumstances(),
    clock: Callable[[], int] = time.perf_counter_ns,
) -> CheckReport:
    """The check ``document`` with children ``mrz``, ``chip`` (``chip.access``, ``chip.lds``, ``chip.genuine``,
    ``chip.passive``, ``chip.card_security``), ``seal`` (each one), ``lost`` and ``clock``, each where there is
    something to check. Never raises on what a document says.

    `clock` counts nanoseconds: for durations alone. Where no zone was read from the page, that of DG1 is checked.
    """
    printed = inputs.zone.strip()
    checks = [timed(clock, check) for check in _questions(inputs, printed, trust, policy, at)]
    if around.clock == "wrong":
        checks.append(Check("clock", Result.UNDETERMINED, "clock_wrong"))
    root = group("document", checks) if checks else Check("document", Result.NOT_SUPPORTED, "nothing_to_check")
    return CheckReport(
        Header(
            at=at.isoformat(),
            trust_version=trust.version if trust.anchors or trust.signers or trust.crls else "",
            crl_age=_crl_age(trust, at),
            clock=around.clock,
            offline=around.offline,
            policy=policy.name,
        ),
        root,
    )


def zone_of(inputs: Inputs) -> str:
    """The text of the printed zone, else that of DG1; "" where there is neither."""
    if inputs.zone.strip():
        return inputs.zone
    if inputs.chip is None or (data := inputs.chip.files.get(group_name(1))) is None:
        return ""
    try:
        first = read_group(1, data)
    except LdsUnreadable:
        return ""
    return first.text if isinstance(first, Zone) else ""


def _questions(
    inputs: Inputs, printed: str, trust: Trust, policy: Policy, at: dt.datetime
) -> Iterator[Callable[[], Check]]:
    today = at.date()
    if zone := zone_of(inputs):
        yield lambda: check_mrz(zone, today)
    if (chip := inputs.chip) is not None:
        yield lambda: group("chip", (*check_chip(chip, _read(printed, today), today), *_signed(chip.files, trust, at)))
    for raw in inputs.seals[:MOST_SEALS]:
        yield partial(check_seal, raw, trust, at, policy.profiles, policy.revoked, printed)
    if len(inputs.seals) > MOST_SEALS:
        yield lambda: Check("seal", Result.ABORTED, "seals_too_many", {"most": MOST_SEALS})
    if (lost := inputs.lost) is not None:
        yield lambda: check_lost(lost)


def _read(zone: str, today: dt.date) -> Mrz | None:
    try:
        return read_mrz(zone, today) if zone else None
    except MrzUnreadable:
        return None


def _signed(files: Mapping[str, bytes], trust: Trust, at: dt.datetime) -> Iterator[Check]:
    if SOD not in files:
        yield Check("chip.passive", Result.UNDETERMINED, "sod_not_read")
    else:
        yield check_passive(files[SOD], groups(files), trust, at)
    if CARD_SECURITY in files:
        yield check_card_security(files[CARD_SECURITY], files.get(group_name(1)), trust, at)


def _crl_age(trust: Trust, at: dt.datetime) -> int | None:
    """Days since the oldest list of revocations that is held was made."""
    return max(((at - crl.this_update).days for crl in trust.crls), default=None)


# What an officer reads ------------------------------------------------------------------------------------------------


class Colour(StrEnum):
    """GREY: nothing is wrong, and nothing says who made the document."""

    RED = "red"
    AMBER = "amber"
    GREEN = "green"
    GREY = "grey"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One colour and one sentence: `code` of the words group ``document_check`` with the values in `detail`."""

    colour: Colour
    code: str
    detail: Mapping[str, str | int]


# The gravest thing first: what an officer acts on. A digit that was read wrong is nearly always the reader's.
_GRAVE: Final = ("lost", "seal.revocation", "chip.passive", "chip.genuine", "seal", "chip", "mrz", "clock")
_PROOFS: Final = frozenset({"chip.passive.signature", "seal.signature"})


def verdict(report: CheckReport) -> Verdict:
    """What the whole tree comes to. A state that never published revocations does not make it amber (decision 0046)."""
    root = report.root
    if root.result is Result.NOT_SUPPORTED:
        return Verdict(Colour.GREY, root.code or "nothing_to_check", {})
    if root.result is Result.FAILED:
        repair = root.find("mrz.repair")
        wrong = [check for check in _leaves(root) if check.result is Result.FAILED]
        if repair is not None and all(check.id.startswith("mrz.") for check in wrong):
            return Verdict(Colour.AMBER, repair.code, repair.detail)
        return _worded(Colour.RED, wrong)
    if beside_missing_lists(root) is not Result.SUCCESSFUL:
        return _worded(
            Colour.AMBER,
            [
                check
                for check in _leaves(root)
                if check.result in {Result.UNDETERMINED, Result.ABORTED} and check.code != "crl_missing"
            ],
        )
    proofs = [check for check in root.walk() if check.id in _PROOFS and check.result is Result.SUCCESSFUL]
    if not proofs:
        return Verdict(Colour.GREY, "document_unproven", {})
    chain = root.find(proofs[0].id.removesuffix("signature") + "chain.signature")
    return Verdict(Colour.GREEN, "document_proven", {"country": str(chain.detail.get("country", "")) if chain else ""})


def _leaves(root: Check) -> list[Check]:
    """The checks that say something themselves."""
    return [check for check in root.walk() if check.code]


def _worded(colour: Colour, found: list[Check]) -> Verdict:
    first = min(found, key=_gravity)
    return Verdict(colour, first.code, first.detail)


def _gravity(check: Check) -> int:
    """The place in `_GRAVE` of what it is about."""
    about = f"{check.id}."
    return next((place for place, grave in enumerate(_GRAVE) if about.startswith(f"{grave}.")), len(_GRAVE))


def as_json(report: CheckReport) -> dict[str, Any]:
    """The report as programs and judges read it: header, verdict, and the tree under ``check``."""
    shown = verdict(report)
    return {
        "header": asdict(report.header),
        "verdict": {"colour": shown.colour.value, "code": shown.code, "detail": dict(shown.detail)},
        "check": _as_json(report.root),
    }


def fingerprint(report: CheckReport) -> str:
    """SHA-256 in hex of the report as JSON with sorted keys, without what differs each time: the durations."""
    text = json.dumps(_without_times(as_json(report)), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _as_json(check: Check) -> dict[str, Any]:
    said = {"id": check.id, "result": check.result.value, "code": check.code, "detail": dict(check.detail)}
    below = [_as_json(child) for child in check.children]
    return said | {"evidence": check.evidence, "duration": check.duration, "children": below}


def _without_times(said: dict[str, Any]) -> dict[str, Any]:
    def plain(check: dict[str, Any]) -> dict[str, Any]:
        kept = {name: value for name, value in check.items() if name != "duration"}
        return kept | {"children": [plain(child) for child in check["children"]]}

    return said | {"check": plain(said["check"])}
