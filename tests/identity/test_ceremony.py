"""The ceremony on a machine without a node: pages, shares typed and read, requests signed; the secret is nowhere."""

import datetime as dt
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import qrcode
from qrcode.constants import ERROR_CORRECT_M

from jiwar.cli import main
from jiwar.identity import ceremony
from jiwar.identity.ceremony import CeremonyRefused, hold, open_root, read_share_file
from jiwar.identity.keys import KeyRing
from jiwar.identity.logic import revocations
from jiwar.identity.logic.bundles import read_bundle
from jiwar.identity.logic.certificates import Subject, write_request
from jiwar.identity.logic.roots import Root, read_root
from jiwar.identity.logic.shares import write
from jiwar.identity.typed_shares import Terminal, type_shares

NOW = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
RING = KeyRing.make()
Captured = pytest.CaptureFixture[str]


def pages(folder: Path, *numbers: int, count: int = 5, state: str = "LBY") -> list[Path]:
    return [folder / f"{state}-share-{n}-of-{count}.html" for n in numbers]


def request(folder: Path, subject: str = "LBY", role: str = "national") -> Path:
    path = folder / f"{subject}.request.json"
    of = Subject("LBY", subject, role, RING.public)
    path.write_text(json.dumps(write_request(of, NOW, RING.signing[0], RING.cosigning[0])))
    return path


@pytest.fixture
def held(tmp_path: Path) -> Path:
    hold("LBY", 3, 5, tmp_path / "root", NOW)
    return tmp_path / "root"


def test_a_root_is_made_and_any_three_of_five_pages_open_it(held: Path) -> None:
    file = read_root(json.loads((held / "LBY-root.json").read_text()))
    for numbers in ((1, 2, 3), (5, 1, 4), (2, 3, 4, 5)):
        assert open_root([read_share_file(page) for page in pages(held, *numbers)]).public == file.keys
    with pytest.raises(CeremonyRefused, match="too few"):
        open_root([read_share_file(page) for page in pages(held, 1, 2)])


def test_no_file_holds_the_secret_or_two_shares_and_all_are_their_owners_alone(tmp_path: Path) -> None:
    drawn: list[bytes] = []

    def random(n: int) -> bytes:
        drawn.append(bytes((7 * len(drawn) + i) % 256 for i in range(n)))
        return drawn[-1]

    made = hold("LBY", 2, 3, tmp_path / "root", NOW, random=random)
    secret = drawn[0]
    texts = [write(read_share_file(page)) for page in made.pages]
    assert Root.of("LBY", secret).public == made.public
    for path in (tmp_path / "root").iterdir():
        text = path.read_text()
        for form in (secret.hex(), secret.decode("latin-1")):
            assert form not in text
        assert sum(share.split("\n")[2] in text for share in texts) == (0 if path == made.root_file else 1)
        assert path == made.root_file or path.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "root").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("language", ["ar", "fr", "en"])
def test_a_page_says_whose_share_it_is_in_the_language_of_the_table(tmp_path: Path, language: str) -> None:
    made = hold("LBY", 2, 3, tmp_path / "root", NOW, language=language)
    text = made.pages[1].read_text()
    assert f'<html lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}">' in text
    assert made.public.fingerprint in text
    assert "2026-11-23" in text
    assert re.search(r"<svg[^>]*>\s*<path", text)
    assert ("Share of the root" in text) == (language == "en")
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")


def test_the_qr_code_says_the_same_share(tmp_path: Path) -> None:
    made = hold("LBY", 2, 2, tmp_path / "root", NOW)
    drawn = {(int(y), int(x)) for x, y in re.findall(r"M([0-9]+),([0-9]+)H", made.pages[0].read_text())}
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, border=4)
    code.add_data(re.sub(r"\s", "", write(read_share_file(made.pages[0]))))
    rows = code.get_matrix()
    assert drawn == {(y, x) for y, row in enumerate(rows) for x, dark in enumerate(row) if dark}
    assert len(drawn) > 200


@pytest.mark.parametrize(
    ("state", "threshold", "count", "says"),
    [("LIBYA", 2, 3, "capitals"), ("LBY", 1, 3, "never be enough"), ("LBY", 4, 3, "threshold"), ("LBY", 2, 17, "16")],
)
def test_a_ceremony_that_protects_nothing_is_refused(
    tmp_path: Path, state: str, threshold: int, count: int, says: str
) -> None:
    with pytest.raises(CeremonyRefused, match=says):
        hold(state, threshold, count, tmp_path / "root", NOW)
    assert not (tmp_path / "root").exists()


def test_two_ceremonies_are_not_mixed(held: Path) -> None:
    before = sorted(held.iterdir())
    with pytest.raises(CeremonyRefused, match="not empty"):
        hold("LBY", 2, 3, held, NOW)
    assert sorted(held.iterdir()) == before


def certify(held: Path, *arguments: Any) -> int:
    return main(["keys", "certify", *map(str, arguments), "--root", str(held / "LBY-root.json")])


def test_one_sitting_certifies_several_requests(held: Path, tmp_path: Path, capsys: Captured) -> None:
    asked = [request(tmp_path), request(tmp_path, "LBY-GHAT", "post")]
    entry = revocations.Entry("ab" * 32, "compromised", NOW)
    listed = tmp_path / "list.json"
    listed.write_text(json.dumps(revocations.write_request("LBY", 4, NOW, [entry])))
    out = tmp_path / "signed"
    assert certify(held, *asked, listed, "--shares", *pages(held, 1, 3, 5), "--out", out, "--yes") == 0
    said = capsys.readouterr().out
    root = read_root(json.loads((held / "LBY-root.json").read_text()))
    assert root.keys.fingerprint in said
    assert "certificate for LBY-GHAT as post" in said
    assert "key abababababababab  compromised" in said
    for subject, role in (("LBY", "national"), ("LBY-GHAT", "post")):
        file, certificate = read_bundle(json.loads((out / f"{subject}.certificate.json").read_text()))
        assert (file.data, certificate.of.subject, certificate.of.role) == (root.data, subject, role)
        assert certificate.of.fingerprint in said
        assert (certificate.not_after - certificate.not_before).days == 181
    found = revocations.read_revocations(json.loads((out / "LBY-revocations-4.json").read_text()))
    found.verify_root(root.keys)
    assert found.entries == {entry.key: entry}


def test_people_must_say_yes(held: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    asked = [request(tmp_path), request(tmp_path, "LBY-GHAT", "post")]
    arguments = [*asked, "--shares", *pages(held, 1, 3, 5), "--out", tmp_path]
    assert certify(held, *arguments) == 1  # no terminal
    answers = iter(["no", " YES "])
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda _: next(answers))
    assert certify(held, *arguments, "--days", 30) == 0
    assert not (tmp_path / "LBY.certificate.json").exists()
    assert (tmp_path / "LBY-GHAT.certificate.json").exists()
    assert "not signed" in capsys.readouterr().out


def test_shares_of_another_root_or_too_few_sign_nothing(held: Path, tmp_path: Path, capsys: Captured) -> None:
    hold("LBY", 3, 5, tmp_path / "other", NOW)
    hold("NER", 2, 3, tmp_path / "niger", NOW)
    asked, yes = request(tmp_path), ["--yes", "--out", tmp_path / "signed"]
    for shares, says in (
        (pages(held, 1, 2), "too few"),
        ([*pages(held, 1, 2), *pages(tmp_path / "other", 3)], "not of one ceremony"),
        (pages(tmp_path / "other", 1, 2, 3), "another root"),
        (pages(tmp_path / "niger", 1, 2, count=3, state="NER"), "another root"),
        ([held / "LBY-root.json"], "four lines"),
        ([tmp_path / "nothing"], "No such file"),
    ):
        assert certify(held, asked, "--shares", *shares, *yes) == 1
        assert says in capsys.readouterr().err
    niger = ["--shares", *pages(tmp_path / "niger", 1, 2, count=3, state="NER")]
    assert (
        main([*map(str, ["keys", "certify", asked, "--root", tmp_path / "niger" / "NER-root.json", *niger, *yes])]) == 1
    )
    assert "of LBY" in capsys.readouterr().err
    assert not (tmp_path / "signed").exists()


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format":"jiwar-certificate-request","v":1}', "\x00"])
def test_what_is_no_request_is_not_signed(held: Path, tmp_path: Path, text: str, capsys: Captured) -> None:
    path = tmp_path / "request"
    path.write_text(text)
    assert certify(held, path, "--shares", *pages(held, 1, 2, 3), "--yes", "--out", tmp_path) == 1
    assert str(path) in capsys.readouterr().err


def test_a_certificate_stands_for_less_than_400_days(held: Path, tmp_path: Path, capsys: Captured) -> None:
    shares = ["--shares", *pages(held, 1, 2, 3), "--yes", "--out", tmp_path / "signed", "--days"]
    assert certify(held, request(tmp_path), *shares, 400) == 1
    assert "certificate_too_long" in capsys.readouterr().err
    assert certify(held, request(tmp_path), *shares, 399) == 0


def test_a_new_root_is_named_by_the_shares_of_the_old_one(held: Path, tmp_path: Path) -> None:
    arguments = ["keys", "ceremony", "--state", "LBY", "--shares", "3", "--threshold", "2", "--out", tmp_path / "new"]
    assert main([*map(str, [*arguments, "--follows", *pages(held, 1, 2, 3)])]) == 0
    old = read_root(json.loads((held / "LBY-root.json").read_text()))
    old.keys.verify_successor(read_root(json.loads((tmp_path / "new" / "LBY-root.json").read_text())))


def test_shares_are_typed_and_a_slip_is_named_in_its_line(held: Path) -> None:
    shares = [read_share_file(page) for page in pages(held, 4, 4, 2, 5)]
    lines = [line for share in shares for line in write(share).lower().split("\n")]
    lines.insert(1, lines[1][:-1] + ("0" if lines[1][-1] != "0" else "1"))
    lines.insert(0, "(not a line)")
    typed, said, gone = iter(lines), [], []
    parts = type_shares(Terminal(lambda _: next(typed), said.append, gone.append))
    assert [part.number for part in parts] == [4, 2, 5]
    assert open_root(parts).public == read_root(json.loads((held / "LBY-root.json").read_text())).keys
    assert [line for line in said if "again" in line] == [
        f"  {ceremony.WHY['share_symbols']}; type it again",
        f"  {ceremony.WHY['share_line']}; type it again",
        f"  {ceremony.WHY['share_twice']}; type this share again",
    ]
    assert gone == [8, 4, 4, 4]  # four lines, and two slips with their answers, are taken from the screen
    assert not any(line.split()[0] in " ".join(said).lower() for line in lines if line != "(not a line)")


def test_the_offline_machine_needs_no_node_and_no_framework(tmp_path: Path) -> None:
    script = (
        "import sys; from jiwar.cli import main; "
        f"sys.exit(main(['--data', '{tmp_path}/none', 'keys', 'ceremony', '--state', 'LBY', '--shares', '3', "
        f"'--threshold', '2', '--out', '{tmp_path}/root']) or ('django' in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "root").glob("*.html"))) == 3
    assert not (tmp_path / "none").exists()
    for page in (tmp_path / "root").glob("*.html"):
        assert write(read_share_file(page)).split("\n")[1] not in done.stdout + done.stderr
