"""How a chip was opened, and whether it proved that it is no copy (ICAO Doc 9303-11; TR-03135-1, 4.3).

From transcripts alone: the same reading gives the same checks again. `signed` are the numbers of the data groups that
EF.SOD lists, None where that is not known: a chip that holds back a key which its state signed is not the chip that
the state made.
"""

import datetime as dt
from collections.abc import Collection
from typing import Final

from jiwar.documents.logic import active_authentication, chip_authentication
from jiwar.documents.logic.chip_groups import GroupInvalid, standard
from jiwar.documents.logic.chip_transcripts import Attempt, Authenticated, Mapped, Reading
from jiwar.documents.logic.lds_checking import check_lds, unreadable
from jiwar.documents.logic.lds_files import CARD_SECURITY, SOD, LdsUnreadable, group_name
from jiwar.documents.logic.lds_security import SecurityInfos, read_active_key, read_card_security, read_security
from jiwar.documents.logic.mrz import Mrz
from jiwar.documents.logic.pki import CertificateUnreadable, SignatureWrong
from jiwar.documents.logic.report import Check, Result, evidence, group
from jiwar.documents.logic.sod import SodUnreadable, read_sod

_NOT_FOUND: Final = "6A82"


def check_chip(reading: Reading, mrz: Mrz | None, at: dt.date) -> tuple[Check, ...]:
    """All that a reading says beside passive authentication: ``chip.access``, ``chip.lds``, ``chip.genuine``."""
    return (
        check_access(reading),
        check_lds(reading.files, mrz, at),
        check_genuine(reading, signed_groups(reading.files.get(SOD))),
    )


def signed_groups(sod: bytes | None) -> frozenset[int] | None:
    """The data groups that EF.SOD lists; None where it is not there or cannot be read."""
    try:
        return None if sod is None else frozenset(read_sod(sod).hashes)
    except SodUnreadable:
        return None


def check_access(reading: Reading) -> Check:
    """The check ``chip.access`` with one child for each way in that was tried, by its last attempt.

    Basic access control after PACE failed is undetermined: whoever wants to listen makes PACE fail. Where PACE was
    never offered and DG14 says that the chip has it, it is failed.
    """
    last: dict[str, Attempt] = {attempt.way: attempt for attempt in reading.attempts}
    if not last:
        return Check("chip.access", Result.NOT_SUPPORTED, "chip_from_file")
    failed_before = any(attempt.way == "PACE" and attempt.code for attempt in reading.attempts)
    children = [_attempt(attempt, downgraded=failed_before) for attempt in last.values()]
    opened = any(not attempt.code for attempt in last.values())
    if opened:
        # A way that failed before another led in lowers the whole as far as that other says.
        children = [
            child
            if child.result is not Result.ABORTED
            else Check(child.id, Result.UNDETERMINED, child.code, child.detail)
            for child in children
        ]
    infos = _security(reading)
    if "PACE" not in last and opened and isinstance(infos, SecurityInfos) and infos.pace:
        # DG14 has PACE, and the chip was made to say that it has none.
        children.append(Check("chip.access.hidden", Result.FAILED, "card_access_differs"))
    if lost := reading.refused.get("reading"):
        children.append(Check("chip.access.whole", Result.ABORTED, "chip_lost", {"why": lost}))
    return group("chip.access", children)


def check_genuine(reading: Reading, signed: Collection[int] | None) -> Check:
    """The check ``chip.genuine``: ``authentication``, ``mapping`` and ``active``. One proof is enough: where one is
    successful, another that was not asked for is not missed. It proves that the chip holds the keys of DG14 and DG15;
    that its state put them there is passive authentication's to say.
    """
    children = [_authentication(reading, signed), _active(reading, signed)]
    if reading.mapped is not None:
        children.append(_mapping(reading, reading.mapped))
    if any(child.result is Result.SUCCESSFUL for child in children):
        children = [
            Check(child.id, Result.NOT_SUPPORTED, child.code, child.detail) if child.code == "chip_not_asked" else child
            for child in children
        ]
    return group("chip.genuine", children)


def _attempt(attempt: Attempt, *, downgraded: bool) -> Check:
    name = f"chip.access.{attempt.way.lower()}"
    detail = {"why": attempt.code, "protocol": attempt.protocol}
    if attempt.code == "password_refused":
        return Check(name, Result.ABORTED, "chip_password_refused", detail)
    if attempt.code:
        return Check(name, Result.ABORTED, "chip_way_failed", {**detail, "way": attempt.way})
    if attempt.way == "BAC" and downgraded:
        return Check(name, Result.UNDETERMINED, "chip_opened_by_less", detail)
    return Check(name, Result.SUCCESSFUL, "", {"protocol": attempt.protocol})


def _missing(name: str, number: int, reading: Reading, signed: Collection[int] | None) -> Check:
    """What a key that was not read means."""
    if signed is None or number not in signed:
        return Check(name, Result.NOT_SUPPORTED, "chip_has_no_key")
    if reading.refused.get(group_name(number)) == _NOT_FOUND:
        return Check(name, Result.FAILED, "chip_hides_key", {"file": group_name(number)})
    return Check(name, Result.UNDETERMINED, "chip_key_not_read", {"file": group_name(number)})


def _unasked(name: str, refused: str | None) -> Check:
    if refused is None:
        return Check(name, Result.UNDETERMINED, "chip_not_asked")
    return Check(name, Result.UNDETERMINED, "chip_refuses", {"status": refused})


def _active(reading: Reading, signed: Collection[int] | None) -> Check:
    name = "chip.genuine.active"
    if (data := reading.files.get(group_name(15))) is None:
        return _missing(name, 15, reading, signed)
    try:
        key = active_authentication.read_active(read_active_key(data).info)
    except LdsUnreadable as wrong:
        return unreadable(name, wrong, data)
    except CertificateUnreadable as wrong:
        return Check(name, Result.ABORTED, "chip_key_unreadable", {"why": wrong.code, **wrong.detail}, evidence(data))
    if reading.active is None:
        return _unasked(name, reading.refused.get("active"))
    looked_at = evidence(reading.active.challenge + reading.active.signature)
    infos = _security(reading)
    algorithm = infos.signature if isinstance(infos, SecurityInfos) else None
    try:
        hashed = active_authentication.verify_active(key, reading.active.challenge, reading.active.signature, algorithm)
    except SignatureWrong as wrong:
        result = Result.UNDETERMINED if wrong.code == "algorithm_unknown" else Result.FAILED
        return Check(name, result, "chip_signature_wrong", {"why": wrong.code, "found": wrong.found}, looked_at)
    return Check(name, Result.SUCCESSFUL, "", {"hash": hashed, "key": f"{key.kind} {key.bits}"}, looked_at)


def _authentication(reading: Reading, signed: Collection[int] | None) -> Check:
    name = "chip.genuine.authentication"
    infos = _security(reading)
    if infos is None:
        return _missing(name, 14, reading, signed)
    data = reading.files[group_name(14)]
    if isinstance(infos, LdsUnreadable):
        return unreadable(name, infos, data)
    if not infos.keys:
        return Check(name, Result.NOT_SUPPORTED, "chip_has_no_key")
    if reading.authenticated is not None:
        return _answer(name, infos, reading.authenticated)
    if chip_authentication.usable(infos) is None:
        why = infos.keys[0].problem or "protocol"
        return Check(name, Result.UNDETERMINED, "chip_key_unreadable", {"why": why}, evidence(data))
    return _unasked(name, reading.refused.get("authenticated"))


def _answer(name: str, infos: SecurityInfos, transcript: Authenticated) -> Check:
    looked_at = evidence(transcript.answer)
    try:
        chip_authentication.verify_authenticated(infos, transcript)
    except SignatureWrong as wrong:
        return Check(name, Result.FAILED, "chip_answer_wrong", {"why": wrong.code, "found": wrong.found}, looked_at)
    return Check(name, Result.SUCCESSFUL, "", {"protocol": transcript.protocol}, looked_at)


def _mapping(reading: Reading, mapped: Mapped) -> Check:
    """The key that the chip proved is believed where DG14 has it too, which EF.SOD covers."""
    name, looked_at = "chip.genuine.mapping", evidence(mapped.public + mapped.data)
    infos = _security(reading)
    covered = infos.keys if isinstance(infos, SecurityInfos) else ()
    data = reading.files.get(CARD_SECURITY, b"")
    try:
        keys = read_card_security(data).keys
    except LdsUnreadable as wrong:
        return unreadable(name, wrong, data)
    try:
        key = chip_authentication.verify_mapped(keys, standard(mapped.parameter), mapped)
    except (SignatureWrong, GroupInvalid) as wrong:
        return Check(name, Result.FAILED, "chip_answer_wrong", {"why": wrong.code, "found": wrong.found}, looked_at)
    if not any((other.group, other.public) == (key.group, key.public) for other in covered):
        return Check(name, Result.UNDETERMINED, "chip_key_unsigned", evidence=looked_at)
    return Check(name, Result.SUCCESSFUL, evidence=looked_at)


def _security(reading: Reading) -> SecurityInfos | LdsUnreadable | None:
    data = reading.files.get(group_name(14))
    try:
        return None if data is None else read_security(data)
    except LdsUnreadable as wrong:
        return wrong
