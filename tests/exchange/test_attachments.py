"""The store of attachments: two nodes' folders, chunk by chunk, torn, full, altered, dropped."""

import base64
import datetime as dt
import io
import os
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic import ValidationError

from jiwar.access.permissions import Permission
from jiwar.access.services import as_node
from jiwar.exchange import attached
from jiwar.exchange.attachments import Descriptor, chunk, drop, held, missing, open_plain, put, referred, store
from jiwar.exchange.logic.chunks import CHUNK, LARGEST, SEALED
from jiwar.exchange.models import Attached
from jiwar.operation.processes import environment
from jiwar.records.content import Body, Line
from jiwar.records.kinds import KINDS, Kind, register
from jiwar.records.models import Draft, Record
from jiwar.records.services import issue, read_content, terms, withdraw
from jiwar.wire.faults import Refused
from tests.node import NODE_TOML

BY = as_node(Permission.EXCHANGE_MESSAGE_PASS)
SIZES = (1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 17)
At = Callable[[str], Any]


@pytest.fixture
def at(settings: Any, tmp_path: Path) -> At:
    """`with at("NER"):` — the node whose folder is used meanwhile. We are LBY elsewhere."""
    (tmp_path / "LBY").mkdir()
    settings.DATA = tmp_path / "LBY"

    @contextmanager
    def node(code: str) -> Iterator[Path]:
        before = settings.DATA
        settings.DATA = tmp_path / code
        settings.DATA.mkdir(exist_ok=True)
        yield settings.DATA / "attachments"
        settings.DATA = before

    return node


def stored(size: int, name: str = "report.bin") -> tuple[bytes, Descriptor]:
    data = os.urandom(size)
    return data, store(name, "", io.BytesIO(data))


def code(act: Callable[[], object]) -> str:
    with pytest.raises(Refused) as refused:
        act()
    return refused.value.faults[0].code


def carry_over(at: At, descriptor: Descriptor, until: int | None = None) -> int:
    """Bring chunks from LBY to NER as the exchange does; how many came."""
    count = 0
    with at("NER"):
        first = missing(descriptor)
    for number in range(first, len(descriptor.chunks) if until is None else until):
        data = chunk(descriptor.blob, number)
        with at("NER"):
            put(descriptor.blob, number, data)
        count += 1
    return count


@pytest.mark.parametrize("size", SIZES)
def test_a_file_passes_from_one_folder_to_the_other(at: At, size: int) -> None:
    data, descriptor = stored(size)
    assert missing(descriptor) == len(descriptor.chunks)
    carry_over(at, descriptor)
    with at("NER") as folder:
        assert b"".join(open_plain(descriptor)) == data
        assert [path.name for path in folder.iterdir()] == [descriptor.blob]
        assert missing(descriptor) == held(descriptor) == len(descriptor.chunks)
        # It can be passed on from there.
        assert chunk(descriptor.blob, 0) == chunk(descriptor.blob, 0)


def test_nothing_of_it_lies_on_the_disk_in_the_clear(at: At) -> None:
    secret = b"the name of a witness " * 40_000
    descriptor = store("witness.txt", "text/plain", io.BytesIO(secret))
    with at("LBY") as folder:
        files = list(folder.iterdir())
        assert folder.stat().st_mode & 0o777 == 0o700
        raw = b"".join(path.read_bytes() for path in files)
    assert b"witness" not in raw
    assert descriptor.secret not in raw
    assert descriptor.key not in repr(descriptor)


def test_a_name_and_a_type_are_ours_not_the_senders(at: At) -> None:
    descriptor = store("../x\u202efdp.exe", "application/pdf", io.BytesIO(b"MZ\x90\0"))
    assert (descriptor.name, descriptor.media_type) == ("xfdp.exe", "application/octet-stream")


def test_fifty_megabytes_are_never_in_memory(at: At) -> None:
    class Endless(io.RawIOBase):
        left = LARGEST

        def read(self, size: int = -1) -> bytes:
            given = min(size, self.left)
            self.left -= given
            return os.urandom(given)

    tracemalloc.start()
    try:
        descriptor = store("film.mp4", "", Endless())  # type: ignore[arg-type]
        assert sum(len(piece) for piece in open_plain(descriptor)) == LARGEST == descriptor.size
        carry_over(at, descriptor)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8 * CHUNK
    too_large = io.BytesIO(b"x" * (LARGEST + 1))
    assert code(lambda: store("film.mp4", "", too_large)) == "attachment_too_large"
    with at("LBY") as folder:
        assert [path.name for path in folder.iterdir()] == [descriptor.blob]


def test_an_empty_file_is_refused_and_leaves_nothing(at: At) -> None:
    assert code(lambda: store("a.txt", "", io.BytesIO())) == "attachment_empty"
    with at("LBY") as folder:
        assert list(folder.iterdir()) == []


def test_a_source_that_fails_leaves_nothing(at: At) -> None:
    class Broken(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            if self.tell_ > 2 * CHUNK:
                raise ConnectionResetError
            self.tell_ += size
            return b"x" * size

        tell_ = 0

    with pytest.raises(ConnectionResetError):
        store("a", "", Broken())  # type: ignore[arg-type]
    with at("LBY") as folder:
        assert list(folder.iterdir()) == []


# --- what comes over a link -------------------------------------------------------------------------------------------


def test_it_goes_on_where_the_link_was_cut(at: At) -> None:
    data, descriptor = stored(4 * CHUNK + 5)
    assert carry_over(at, descriptor, until=2) == 2
    with at("NER"):
        assert (missing(descriptor), held(descriptor)) == (2, 2)
        assert code(lambda: open_plain(descriptor)) == "attachment_not_here"
    assert carry_over(at, descriptor) == 3
    with at("NER"):
        assert b"".join(open_plain(descriptor)) == data


@hypothesis_settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 8192 + 3 * SEALED), st.booleans())
def test_a_part_torn_anywhere_goes_on_or_starts_anew(at: At, tear: int, garbage: bool) -> None:
    data, descriptor = stored(4 * CHUNK + 5)
    carry_over(at, descriptor, until=3)
    with at("NER") as folder:
        part = folder / f"{descriptor.blob}.part"
        whole = part.read_bytes()
        # A power cut leaves a shorter file, or one whose last blocks are not what was written.
        end = os.urandom(len(whole) - tear) if garbage and tear >= 8192 + 2 * SEALED else b""
        part.write_bytes(whole[:tear] + end)
        assert missing(descriptor) <= max(0, tear - 8192) // SEALED
    carry_over(at, descriptor)
    with at("NER"):
        assert b"".join(open_plain(descriptor)) == data


def test_only_what_the_record_says_is_kept_and_in_its_order(at: At) -> None:
    _, descriptor = stored(3 * CHUNK)
    first, second = chunk(descriptor.blob, 0), chunk(descriptor.blob, 1)
    altered = bytes([first[0] ^ 1]) + first[1:]
    with at("NER") as folder:
        assert code(lambda: put(descriptor.blob, 0, first)) == "attachment_not_here"  # no record asked for it
        assert missing(descriptor) == 0
        assert code(lambda: put(descriptor.blob, 0, altered)) == "chunk_wrong"
        assert code(lambda: put(descriptor.blob, 0, second)) == "chunk_wrong"
        assert code(lambda: put(descriptor.blob, 7, first)) == "chunk_wrong"
        assert code(lambda: put(descriptor.blob, -1, first)) == "chunk_wrong"
        assert code(lambda: put(descriptor.blob, 1, second)) == "chunk_gap"
        put(descriptor.blob, 0, first)
        put(descriptor.blob, 0, first)
        assert missing(descriptor) == 1
        assert (folder / f"{descriptor.blob}.part").stat().st_size == 8192 + SEALED


@pytest.mark.parametrize("blob", ["../../keys/keyring.json", "/etc/passwd", "a" * 63, "A" * 64, "", "x\0"])
def test_a_blob_is_a_name_and_no_path(at: At, blob: str) -> None:
    for act in (lambda: chunk(blob, 0), lambda: put(blob, 0, b"x"), lambda: drop(blob)):
        assert code(act) == "attachment_not_here"


def test_a_chunk_that_is_not_here_is_not_given(at: At) -> None:
    _, descriptor = stored(2 * CHUNK)
    for number in (2, 199, 200, 10**6, -1):
        assert code(lambda: chunk(descriptor.blob, number)) == "attachment_not_here"  # noqa: B023
    carry_over(at, descriptor, until=1)
    with at("NER"):
        assert chunk(descriptor.blob, 0)
        assert code(lambda: chunk(descriptor.blob, 1)) == "attachment_not_here"
    drop(descriptor.blob)
    assert code(lambda: chunk(descriptor.blob, 0)) == "attachment_not_here"


@pytest.mark.parametrize("place", [0, 20, 8192, 8192 + SEALED, 8192 + 2 * SEALED + 3])
def test_what_the_disk_changed_is_neither_shown_nor_passed_on(at: At, place: int) -> None:
    data, descriptor = stored(2 * CHUNK + 10)
    with at("LBY") as folder:
        path = folder / descriptor.blob
        raw = bytearray(path.read_bytes())
        raw[place] ^= 1
        path.write_bytes(bytes(raw))
    number = max(0, place - 8192) // SEALED
    assert code(lambda: chunk(descriptor.blob, number)) in {"attachment_damaged", "attachment_not_here"}
    if place >= 8192:
        shown: list[bytes] = []
        with pytest.raises(Refused, match="attachment_damaged"):
            shown.extend(open_plain(descriptor))
        assert b"".join(shown) == data[: number * CHUNK]


def test_a_file_cut_at_the_end_is_not_shown_as_a_shorter_one(at: At) -> None:
    _, descriptor = stored(2 * CHUNK)
    with at("LBY") as folder:
        os.truncate(folder / descriptor.blob, 8192 + SEALED)
    with pytest.raises(Refused, match="attachment_damaged"):
        list(open_plain(descriptor))


def test_many_put_at_once_and_it_is_whole_once(at: At) -> None:
    import threading

    data, descriptor = stored(6 * CHUNK + 1)
    chunks = [chunk(descriptor.blob, n) for n in range(7)]
    wrong: list[str] = []

    def bring() -> None:
        for number in range(missing(descriptor), 7):
            try:
                put(descriptor.blob, number, chunks[number])
            except Refused as refused:
                wrong.append(refused.faults[0].code)

    with at("NER"):
        threads = [threading.Thread(target=bring) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []
        assert b"".join(open_plain(descriptor)) == data


# --- a full disk ------------------------------------------------------------------------------------------------------

FULL = """
import io, os, sys
from pathlib import Path
import django
django.setup()
from django.conf import settings
from jiwar.exchange import attachments
from jiwar.exchange.logic.chunks import CHUNK
from jiwar.wire.faults import Refused
from tests.node import NODE_TOML
attachments.RESERVE = 0
small = attachments.store("small", "", io.BytesIO(os.urandom(CHUNK)))
there = settings.DATA
large = attachments.store("large", "", io.BytesIO(os.urandom(8 * CHUNK)))
settings.DATA = Path(sys.argv[1])
for act in (
    lambda: attachments.store("large", "", io.BytesIO(os.urandom(8 * CHUNK))),
    lambda: [attachments.put(large.blob, n, given[n]) for n in range(attachments.missing(large), 8)],
):
    settings.DATA = there
    given = [attachments.chunk(large.blob, n) for n in range(8)]
    settings.DATA = Path(sys.argv[1])
    try:
        act()
    except Refused as refused:
        print(refused.faults[0].code)
names = sorted(p.suffix for p in (settings.DATA / "attachments").iterdir())
print(names, attachments.missing(large))
attachments.RESERVE = 1 << 40
try:
    attachments.store("small", "", io.BytesIO(b"x"))
except Refused as refused:
    print(refused.faults[0].code)
"""


@pytest.mark.fault
def test_a_full_disk_says_so_and_leaves_nothing_half(tmp_path: Path) -> None:
    """On a file system of one megabyte and a bit, in a mount namespace of its own."""
    script = tmp_path / "full.py"
    script.write_text(FULL)
    small = tmp_path / "small"
    small.mkdir()
    mount = f"mount -t tmpfs -o size=1200k tmpfs {small} && exec {sys.executable} {script} {small}"
    (tmp_path / "node.toml").write_text(NODE_TOML)
    env = environment(tmp_path)
    done = subprocess.run(["unshare", "-Urm", "sh", "-c", mount], capture_output=True, text=True, check=False, env=env)
    if "unshare" in done.stderr or "mount:" in done.stderr:
        pytest.skip("no mount namespaces on this machine")
    assert done.stderr == ""
    # The part keeps the chunks that fitted, and goes on when there is room.
    assert done.stdout.splitlines() == ["disk_full", "disk_full", "['.part'] 4", "disk_full"]


# --- descriptors ------------------------------------------------------------------------------------------------------


def test_a_descriptor_is_believed_only_whole(at: At) -> None:
    _, descriptor = stored(2 * CHUNK)
    plain = descriptor.model_dump(mode="json")
    assert Descriptor.model_validate(plain) == descriptor
    wrong: dict[str, Any] = {
        "name": "../x",
        "media_type": "text/html",
        "size": 3 * CHUNK,
        "key": base64.b64encode(bytes(31)).decode(),
        "blob": "0" * 64,
        "chunks": plain["chunks"][:1],
        "more": 1,
    }
    for field, value in wrong.items():
        with pytest.raises(ValidationError):
            Descriptor.model_validate(plain | {field: value})
    for name in ("a\u202eb", "a/b", "x" * 121, "", "nul\0"):
        with pytest.raises(ValidationError):
            Descriptor.model_validate(plain | {"name": name})
    for size in (0, -1, LARGEST + 1):
        with pytest.raises(ValidationError):
            Descriptor.model_validate(plain | {"size": size})


class Page(Body):
    scan: Descriptor | None = None


class Dossier(Body):
    """A body with files in it, of a kind that exists in tests alone."""

    title: Line
    cover: Descriptor | None = None
    pages: tuple[Page, ...] = ()
    files: tuple[Descriptor, ...] = ()


def test_descriptors_are_found_wherever_they_stand(at: At) -> None:
    one, two, three = (stored(10, name)[1] for name in ("1", "2", "3"))
    body = Dossier(title="x", cover=one, pages=(Page(), Page(scan=two)), files=(three,))
    assert referred(body) == [one, two, three]
    assert referred(Dossier(title="x")) == []


def test_every_kind_that_carries_files_keeps_them() -> None:
    holding = [
        kind for kind in KINDS.values() if '"Attachment"' in str(kind.content.model_json_schema()).replace("'", '"')
    ]
    for kind in holding:
        assert attached._refer in kind.projections, kind.name
        assert attached.release in kind.retirements, kind.name


# --- what refers to a file --------------------------------------------------------------------------------------------


@pytest.fixture
def kind(db: None, settings: Any, tmp_path: Path) -> Iterator[Kind]:
    from jiwar.identity.services import make_own_keys

    settings.KEYS = tmp_path / "keys"
    make_own_keys()
    new = register(Kind("test.dossier", 1, Dossier))
    attached.carry(new)
    yield new
    del KINDS["test.dossier", 1]


def issued(kind: Kind, *files: Descriptor, supersedes: Record | None = None) -> Record:
    body = Dossier(title="a dossier", files=files)
    return issue(
        BY, kind, read_content(kind, terms("border_check", "law", 30, body), timezone.now()), supersedes=supersedes
    )


def test_a_file_goes_with_the_last_record_that_refers_to_it(
    at: At, kind: Kind, django_capture_on_commit_callbacks: Any
) -> None:
    data, shared = stored(10)
    _, alone = stored(10)
    first, second = issued(kind, shared, alone), issued(kind, shared)
    with django_capture_on_commit_callbacks(execute=True):
        withdraw(BY, first, "wrong")
    assert code(lambda: open_plain(alone)) == "attachment_not_here"
    assert b"".join(open_plain(shared)) == data
    # A new version that keeps the file keeps it.
    with django_capture_on_commit_callbacks(execute=True):
        third = issued(kind, shared, supersedes=second)
    assert b"".join(open_plain(shared)) == data
    with django_capture_on_commit_callbacks(execute=True):
        withdraw(BY, third, "wrong")
    assert code(lambda: open_plain(shared)) == "attachment_not_here"
    assert not Attached.objects.exists()


def test_a_file_stays_when_the_act_that_ends_its_record_fails(
    at: At, kind: Kind, django_capture_on_commit_callbacks: Any
) -> None:
    from django.db import transaction

    data, descriptor = stored(10)
    record = issued(kind, descriptor)

    def fail() -> None:
        with transaction.atomic():
            withdraw(BY, record, "wrong")
            raise ZeroDivisionError

    with django_capture_on_commit_callbacks(execute=True), pytest.raises(ZeroDivisionError):
        fail()
    assert b"".join(open_plain(descriptor)) == data


@pytest.mark.django_db
def test_what_nothing_refers_to_is_swept_after_a_day(at: At, kind: Kind, django_user_model: Any) -> None:
    now = timezone.now()
    kept, drafted, orphan = (stored(10)[1] for _ in range(3))
    issued(kind, kept)
    author = django_user_model.objects.create(username="amal", full_name="Amal", password="!")
    draft = Draft.objects.create(kind=kind.name, content={}, content_hash="", author=author)
    attached.keep_for_draft(draft, drafted.blob)
    with at("LBY") as folder:
        (folder / ("0" * 32 + ".new")).write_bytes(b"torn")
        assert attached.sweep(BY, now) == 0
        assert attached.sweep(BY, now + dt.timedelta(days=1, minutes=1)) == 2
        assert {path.name for path in folder.iterdir()} == {kept.blob, drafted.blob}
    assert code(lambda: open_plain(orphan)) == "attachment_not_here"


def test_a_draft_lets_a_file_go(
    at: At, kind: Kind, django_user_model: Any, django_capture_on_commit_callbacks: Any
) -> None:
    one, two = stored(10)[1], stored(10)[1]
    author = django_user_model.objects.create(username="amal", full_name="Amal", password="!")
    draft = Draft.objects.create(kind=kind.name, content={}, content_hash="", author=author)
    for descriptor in (one, two):
        attached.keep_for_draft(draft, descriptor.blob)
    with django_capture_on_commit_callbacks(execute=True):
        attached.release_draft(draft, one.blob)
    assert code(lambda: open_plain(one)) == "attachment_not_here"
    record = issued(kind, two)
    with django_capture_on_commit_callbacks(execute=True):
        attached.release_draft(draft)
    assert list(Attached.objects.values_list("blob", "record")) == [(two.blob, record.pk)]
    assert b"".join(open_plain(two))
