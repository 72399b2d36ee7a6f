"""The demonstration: Libya, Niger, Tunisia and a post of Niger, four real nodes on this machine.

Imports no framework: each node is prepared, seeded and run in processes of its own. The data stay between runs.
"""

import datetime as dt
import subprocess
import sys
import time
from collections.abc import Callable
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from urllib.parse import urlsplit

from jiwar.documents.demo import make_authority
from jiwar.identity.ceremony import hold, open_root, read_requests, read_root_file, read_share_file, sign
from jiwar.identity.node import NodeSettings
from jiwar.operation.node_folder import read_settings, write_settings
from jiwar.operation.processes import Node, environment, run_until_told

PASSWORD = "jiwar-demo-2026"  # noqa: S105 - printed on the screen, for made-up data alone
NODES = (
    ("LBY", "ليبيا: نقطة الاتصال الوطنية", "ar", "Africa/Tripoli"),
    ("NER", "Niger : point de contact national", "fr", "Africa/Niamey"),
    ("TUN", "Tunisie : point de contact national", "fr", "Africa/Tunis"),
    ("NER-MADAMA", "Niger : poste frontière de Madama", "fr", "Africa/Niamey"),
)
PEOPLE = {
    "LBY": (
        ("amal", "Amal Ben Othman", "contact_officer", "standard"),
        ("salem", "Salem El Fitouri", "approver", "standard"),
        ("idris", "Idris Salem", "analyst", "standard"),
        ("huda", "Huda Zlitni", "oversight", "standard"),
        ("admin", "Administrator", "administrator", "standard"),
    ),
    "NER": (
        ("moussa", "Moussa Abdou", "contact_officer", "standard"),
        ("aissata", "Aïssata Issoufou", "approver", "standard"),
        ("hadiza", "Hadiza Maïga", "oversight", "standard"),
        ("admin", "Administrator", "administrator", "standard"),
    ),
    "TUN": (
        ("leila", "Leïla Trabelsi", "contact_officer", "standard"),
        ("karim", "Karim Jaziri", "approver", "standard"),
        ("admin", "Administrator", "administrator", "standard"),
    ),
    "NER-MADAMA": (
        ("zara", "Zara Oumarou", "field_officer", "standard"),
        ("ibrahim", "Ibrahim Goukouni", "field_officer", "covert"),
        ("admin", "Administrator", "administrator", "standard"),
    ),
}
COUNTRIES = {"LBY": "LY", "NER": "NE", "TUN": "TN"}
"""States that issue documents, by the two letters that certificates have."""
_SEEDED = "seeded"


def run(folder: Path, port: int) -> int:
    """Make what is missing, start the four nodes, say what to try, and keep them running until Ctrl-C."""
    started = time.monotonic()
    nodes = make(folder, port)
    for node in nodes:
        node.start()
    wait_for(nodes)
    if not (folder / _SEEDED).exists():
        agree(folder)
        believe(folder)
        _say("Libya publishes alerts on a made-up network, and reads a list")
        _together(["LBY"], folder, "demo-seed", "known")
    print(_table(nodes, folder, time.monotonic() - started), flush=True)
    return run_until_told(nodes, _orders(nodes))


def make(folder: Path, port: int, database: Callable[[], str] = str) -> list[Node]:
    """The four nodes, prepared and introduced to each other; only what is missing is made.

    `database` gives the `database_url` of each new node; '' is the embedded one.
    """
    new = []
    for number, (code, name, language, timezone) in enumerate(NODES):
        if not (folder / code / "node.toml").exists():
            new.append(code)
            settings = NodeSettings(
                code=code,
                role="post" if "-" in code else "national",
                name=name,
                console_url=f"http://localhost:{port + number}",
                exchange_url=f"https://127.0.0.1:{port + len(NODES) + number}",
                language=language,
                timezone=timezone,
                require_second_factor=False,
                training=True,
                database_url=database(),
            )
            write_settings(folder / code, settings)
    if new:
        _say(f"making {', '.join(new)}: a database and keys each")
    _together([code for code, *_ in NODES], folder, "prepare")
    if new:
        cards, codes = folder / "cards", [code for code, *_ in NODES]
        cards.mkdir(exist_ok=True)
        _say("people are added to each node")
        _together(codes, folder, "demo-seed", "people", "--cards", str(cards))
        _say("each state holds its ceremony: two of three shares of its root certify its nodes")
        certify(codes, folder)
        _say("each node takes its certificate; its card is handed to the others")
        for act in ("certified", "neighbours"):
            _together(codes, folder, "demo-seed", act, "--cards", str(cards))
    return [Node(folder / code, read_settings(folder / code)) for code, *_ in NODES]


def certify(codes: list[str], folder: Path) -> None:
    """The sitting of each state, on this machine and without people: shares and what they sign stay in the folder."""
    now = dt.datetime.now(dt.UTC)
    for state in sorted({code[:3] for code in codes}):
        table = folder / "ceremony" / state
        if not table.exists():
            hold(state, 2, 3, table, now, language=next(language for code, _, language, _ in NODES if code == state))
        root = open_root([read_share_file(table / f"{state}-share-{number}-of-3.html") for number in (1, 3)])
        file = read_root_file(table / f"{state}-root.json", root)
        requests = [folder / "cards" / f"{code}.request" for code in codes if code.startswith(state)]
        for asked in read_requests(requests):
            sign(root, file.data, asked, now, None, folder / "cards")


def agree(folder: Path) -> None:
    """Two officers on each side sign the agreement between Libya and Niger; the nodes must be up."""
    _say("two officers on each side sign the agreement between Libya and Niger")
    _together(["LBY"], folder, "demo-seed", "propose")
    _together(["NER"], folder, "demo-seed", "sign")
    (folder / _SEEDED).touch()


def believe(folder: Path) -> None:
    """Each state makes its authority for documents and a signer of seals; the others vouch for it, by two persons."""
    _say("each state makes its authority for documents, and vouches for those of the others")
    for state, country in COUNTRIES.items():
        make_authority(folder / "ceremony" / state / "authority", country, state, PASSWORD)
    _together(list(COUNTRIES), folder, "demo-seed", "trust", "--cards", str(folder / "cards"))


def wait_for(nodes: list[Node], seconds: float = 60) -> None:
    """Return when every console answers; raises TimeoutError."""
    deadline = time.monotonic() + seconds
    for node in nodes:
        while not _answers(node):
            node.watch()
            if time.monotonic() > deadline:
                raise TimeoutError(f"{node.settings.code} does not answer on {node.settings.console_url}")
            time.sleep(0.1)


def _answers(node: Node) -> bool:
    connection = HTTPConnection("127.0.0.1", urlsplit(node.settings.console_url).port, timeout=5)
    try:
        connection.request("GET", "/health", headers={"Host": "localhost"})
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _orders(nodes: list[Node]) -> Callable[[], None]:
    """Obey `stop CODE` and `start CODE`, typed into the demonstration's terminal."""
    typed: SimpleQueue[str] = SimpleQueue()

    def read() -> None:
        for line in sys.stdin:
            typed.put(line)

    if sys.stdin and sys.stdin.isatty():
        Thread(target=read, daemon=True).start()
    by_code = {node.settings.code: node for node in nodes}

    def obey() -> None:
        while not typed.empty():
            act, _, code = typed.get().strip().partition(" ")
            node = by_code.get(code.strip().upper())
            if node is None or act not in {"stop", "start"}:
                _say(f"stop CODE or start CODE, where CODE is one of {', '.join(by_code)}")
            elif act == "stop":
                node.stop()
                _say(f"{node.settings.code} is stopped")
            elif not node.running:
                node.start()
                _say(f"{node.settings.code} is starting")

    return obey


def _together(codes: list[str], folder: Path, *arguments: str) -> None:
    for running in [_jiwar(folder / code, *arguments) for code in codes]:
        if running.wait() != 0:
            raise SystemExit(f"`jiwar {' '.join(arguments)}` failed")


def _jiwar(folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "jiwar", *arguments], env=environment(folder))


def _say(text: str) -> None:
    print(f"jiwar demo: {text}", flush=True)


def _table(nodes: list[Node], folder: Path, seconds: float) -> str:
    lines = [
        "",
        f"Four nodes are up ({seconds:.0f} s). All people and lists are made up. Ctrl-C ends them; their data stay.",
        "",
        f"  {'node':<12}{'console':<26}{'sign in as':<12}{'who it is'}",
    ]
    for node in nodes:
        code = node.settings.code
        for number, (username, full_name, role, clearance) in enumerate(PEOPLE[code]):
            where = node.settings.console_url if number == 0 else ""
            job = role.replace("_", " ") + (", cleared for discreet checks" if clearance == "covert" else "")
            lines.append(f"  {code if number == 0 else '':<12}{where:<26}{username:<12}{full_name}, {job}")
    lines += ["", f"  the password of all: {PASSWORD}", "", *_story(folder)]
    return "\n".join(lines)


def _story(folder: Path) -> list[str]:
    sample = Path(__file__).parent.parent / "watchlist" / "data" / "un_sample.xml"
    return [
        "What to try, in four windows:",
        "  1. Libya, amal: Lists: read a UN Security Council list again; the made-up one in the real schema is",
        f"     {sample}",
        "  2. Libya, amal: Alerts: draft an alert on a person and submit it; salem approves it. Say, on",
        "     Salem Ould Khattar, born 1984-03-09, Libyan passport K0451187.",
        "  3. Niger and its post hold it within seconds; Tunisia never does, for no agreement opens it.",
        "  4. Post, zara: Screening: type the person's name as French or as Arabic writes it, or scan a document:",
        *[f"       {line}" for line in (folder / "NER-MADAMA" / "mrz.txt").read_text().splitlines()],
        "     Confirm two identifiers, record the crossing.",
        "  5. Libya, amal: Cases: the hit has opened a case; answer it, and Niger sees the outcome.",
        "     huda: Ledger: export it; `.venv/bin/jiwar ledger verify FILE` proves it without any node.",
        "  6. Type `stop NER` here: the post goes on, and queues; `start NER` brings everything across, once.",
        "  7. Libya: withdraw the alert: the post no longer finds it, and Libya sees who acknowledged.",
        "  8. Libya, idris: Analysis: search for Hamid Khattar, or for the plate 5-123456; open the dossier, draw its",
        "     links, make a brief; `.venv/bin/jiwar verify-brief FILE` proves it.",
        "  9. Libya, amal: More, Documents, Trust: whose papers are believed, who vouches, until when. Propose that",
        "     Tunisia’s authority ends; salem decides; *What the posts hold* says when a post has heard of it (Niger).",
        "",
    ]
