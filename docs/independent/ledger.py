"""A second implementation of the ledger's proofs: it judges exports, proofs of leaves, and evidence of forks.

Written from protocol.md and the standards that it names. It imports nothing of the program: the standard library and
`cryptography` are all.

    python ledger.py export FILE [--card CARD] [--witness CARD]...
    python ledger.py proof FILE --card CARD [--witness CARD]...
    python ledger.py fork FILE --card CARD...
    python ledger.py vectors VECTORS.json

A card is read for its keys alone: compare the fingerprint that is printed with the node's. Every function raises
ValueError, with the reason, for what must not be believed.
"""

import argparse
import base64
import hashlib
import json
import re
import sys
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PublicKey

ED25519, COSIGNATURE, MLDSA65 = b"\x01", b"\x04", b"\xffjiwar-ml-dsa-65"
ORIGIN = re.compile(r"jiwar/([A-Z0-9]+(?:-[A-Z0-9]+)*)(?:/([2-9]|[1-9][0-9]+))?")


def decode(text):
    data = base64.b64decode(text, validate=True)
    if base64.b64encode(data).decode() != text:
        raise ValueError("not the one base64 of anything")
    return data


def encode(data):
    return base64.b64encode(data).decode()


def fingerprint(public):
    digits = hashlib.sha256(public).hexdigest()[:32]
    return " ".join(digits[i : i + 4] for i in range(0, 32, 4))


# --- RFC 9162, section 2.1 --------------------------------------------------------------------------------------------


def leaf_hash(content):
    return hashlib.sha256(b"\x00" + content).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    """Grows leaf by leaf; keeps the roots of its perfect subtrees, largest first."""

    def __init__(self):
        self.size, self.peaks = 0, []

    def append(self, leaf):
        count = self.size
        while count & 1:
            leaf = node_hash(self.peaks.pop(), leaf)
            count >>= 1
        self.peaks.append(leaf)
        self.size += 1

    def root(self):
        if not self.peaks:
            return hashlib.sha256(b"").digest()
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = node_hash(peak, root)
        return root


def root_from_inclusion(leaf, index, size, path):
    """Section 2.1.3.2."""
    if not 0 <= index < size:
        raise ValueError("no such leaf")
    node, last, root = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            raise ValueError("path too long")
        if node & 1 or node == last:
            root = node_hash(sibling, root)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            root = node_hash(root, sibling)
        node, last = node >> 1, last >> 1
    if last:
        raise ValueError("path too short")
    return root


def roots_from_consistency(old, new, path, old_root):
    """Section 2.1.4.2: the roots of both trees, as the path has them. `old_root` begins the path of a perfect tree."""
    if not 0 < old < new:
        raise ValueError("sizes")
    steps = [old_root, *path] if old & (old - 1) == 0 else list(path)
    if not steps:
        raise ValueError("no path")
    node, last = old - 1, new - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    before = after = steps[0]
    for step in steps[1:]:
        if last == 0:
            raise ValueError("path too long")
        if node & 1 or node == last:
            before, after = node_hash(step, before), node_hash(step, after)
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            after = node_hash(after, step)
        node, last = node >> 1, last >> 1
    if last:
        raise ValueError("path too short")
    return before, after


def check_consistency(old, new, path, old_root, new_root):
    if old in (0, new):
        expected = hashlib.sha256(b"").digest() if old == 0 else new_root
        if path or old_root != expected:
            raise ValueError("old root")
    elif roots_from_consistency(old, new, path, old_root) != (old_root, new_root):
        raise ValueError("the trees do not continue each other")


# --- signed notes, checkpoints, cosignatures --------------------------------------------------------------------------


def split(note):
    """The text of a note, and its signature lines as (name, key id, signature)."""
    text, separator, lines = note.rpartition("\n\n")
    if not separator or not lines.endswith("\n"):
        raise ValueError("no note")
    found = []
    for line in lines[:-1].split("\n"):
        dash, name, blob = line.split(" ")
        if dash != "—":
            raise ValueError("no signature line")
        data = decode(blob)
        found.append((name, data[:4], data[4:]))
    return text + "\n", found


def key_id(name, sort, public):
    return hashlib.sha256(name.encode() + b"\n" + sort + public).digest()[:4]


def read_checkpoint(note):
    """What a checkpoint says, whoever wrote it."""
    lines = split(note)[0][:-1].split("\n")
    parts = ORIGIN.fullmatch(lines[0])
    if not parts:
        raise ValueError("origin")
    says = {"origin": lines[0], "node": parts[1], "epoch": int(parts[2] or 1), "size": int(lines[1])}
    says |= {"root": decode(lines[2]), "extensions": lines[3:], "epochs": []}
    for line in lines[3:]:
        if line.startswith("epoch "):
            _, number, size, root = line.split(" ")
            says["epochs"].append({"number": int(number), "size": int(size), "root": decode(root)})
    return says


def open_checkpoint(note, keys):
    """What a checkpoint says, that its node's key signed. `keys`: {"signing": raw, "cosigning": raw or None}.

    The line of the ML-DSA-65 key must hold where it is there.
    """
    text, lines = split(note)
    says = read_checkpoint(note)
    signed = False
    for name, named, signature in lines:
        if name != says["origin"]:
            continue
        try:
            if named == key_id(name, ED25519, keys["signing"]):
                Ed25519PublicKey.from_public_bytes(keys["signing"]).verify(signature, text.encode())
                signed = True
            elif keys.get("cosigning") and named == key_id(name, MLDSA65, keys["cosigning"]):
                public = MLDSA65PublicKey.from_public_bytes(keys["cosigning"])
                public.verify(signature, b"jiwar-checkpoint/1\n" + text.encode())
        except InvalidSignature:
            raise ValueError("signature") from None
    if not signed:
        raise ValueError("not signed by this key")
    return says


def cosigners(note, witnesses):
    """{code: time} of those who signed as witnesses (C2SP tlog-cosignature). `witnesses`: {code: raw Ed25519 key}."""
    text, lines = split(note)
    found = {}
    for name, named, signature in lines:
        for code, public in witnesses.items():
            if name == f"jiwar/{code}" and named == key_id(name, COSIGNATURE, public):
                time = int.from_bytes(signature[:8], "big")
                message = f"cosignature/v1\ntime {time}\n{text}".encode()
                try:
                    Ed25519PublicKey.from_public_bytes(public).verify(signature[8:], message)
                except InvalidSignature:
                    raise ValueError(f"signature of {code}") from None
                found[code] = time
    return found


def shared(says, epoch):
    """How many leaves a checkpoint's tree has in common with the log of an epoch of the same node."""
    if epoch > says["epoch"]:
        return 0
    return next((begun["size"] for begun in says["epochs"] if begun["number"] > epoch), says["size"])


# --- tiles ------------------------------------------------------------------------------------------------------------


def tile(hashes, level, number, width):
    """C2SP tlog-tiles: hashes of the perfect subtrees over 256**level leaves, from number * 256 on."""
    span = 256**level
    found = b""
    for place in range(number * 256, number * 256 + width):
        tree = Tree()
        for leaf in hashes[place * span : (place + 1) * span]:
            tree.append(leaf)
        if tree.size != span:
            raise ValueError("the tree has not grown so far")
        found += tree.root()
    return found


# --- files ------------------------------------------------------------------------------------------------------------


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest(data):
    return encode(hashlib.sha256(data).digest())


def verify_export(lines, signing=None, witnesses=None):
    """An exported ledger, line by line. Returns what it holds; `signing`: the node's raw key, if it is known."""
    lines = iter(lines)
    head = next(lines, b"")
    header = json.loads(head)
    if header["format"] != "jiwar-ledger" or header["v"] not in (1, 2) or header["first"] != 0:
        raise ValueError("header")
    if signing is not None and decode(header["key"]) != signing:
        raise ValueError("signed by another key")
    tree, acts, pending = Tree(), {}, None
    waiting = [dict(each, root=decode(each["root"])) for each in header.get("epochs", [])]
    for line in lines:
        if pending is not None:
            take_leaf(pending, header["node"], tree, acts, waiting)
        if not line.endswith(b"\n"):
            raise ValueError("a line has no end")
        pending = line[:-1]
    if pending is None:
        raise ValueError("cut")
    check_epochs(tree, waiting)
    if waiting:
        raise ValueError("an epoch begins beyond the end")
    says, end = check_end(pending, head, header)
    if (says["size"], says["root"]) != (tree.size, tree.root()):
        raise ValueError("the leaves are not those that were signed")
    found = {"node": says["node"], "key": decode(header["key"]), "size": tree.size, "root": tree.root(), "acts": acts}
    if not end.get("witnessed"):
        return found | {"witnessed": 0, "witnesses": {}}
    seen = read_checkpoint(end["witnessed"])
    if (seen["node"], seen["epoch"]) != (says["node"], says["epoch"]):
        raise ValueError("witnesses of another log")
    check_consistency(seen["size"], tree.size, [decode(each) for each in end["path"]], seen["root"], tree.root())
    return found | {"witnessed": seen["size"], "witnesses": cosigners(end["witnessed"], witnesses or {})}


def check_end(line, head, header):
    """The checkpoint that was signed for the file, and what else stands on its last line."""
    end = json.loads(line)
    note = end.pop("checkpoint")
    if canonical({"checkpoint": note} | end) != line or len(split(note)[1]) != 1:
        raise ValueError("last line")
    says = open_checkpoint(note, {"signing": decode(header["key"])})
    named = [f"at {header['exported_at']}"]
    named += [f"epoch {each['number']} {each['size']} {each['root']}" for each in header.get("epochs", [])]
    named += [f"header {digest(head[:-1])}"] + ([f"rest {digest(canonical(end))}"] if header["v"] > 1 else [])
    if says["extensions"] != named or (header["v"] == 1 and end):
        raise ValueError("first or last line changed")
    if (says["node"], says["epoch"]) != (header["node"], header.get("epoch", 1)):
        raise ValueError("of another node or epoch")
    return says, end


def take_leaf(content, node, tree, acts, waiting):
    leaf = json.loads(content)
    if leaf["index"] != tree.size or leaf["node"] != node:
        raise ValueError(f"leaf {tree.size}")
    check_epochs(tree, waiting)
    tree.append(leaf_hash(content))
    acts[leaf["act"]] = acts.get(leaf["act"], 0) + 1


def check_epochs(tree, waiting):
    while waiting and waiting[0]["size"] == tree.size:
        if waiting.pop(0)["root"] != tree.root():
            raise ValueError("an epoch began with another tree")


def verify_proof(text, keys, witnesses=None):
    """The proof of one leaf (C2SP tlog-proof): the leaf, the checkpoint, and who witnessed it."""
    head, separator, note = text.partition("\n\n")
    first, extra, index, *path = head.split("\n")
    if not separator or first != "c2sp.org/tlog-proof@v1" or not extra.startswith("extra "):
        raise ValueError("no proof")
    if not re.fullmatch(r"index (0|[1-9][0-9]*)", index):
        raise ValueError("index")
    content, place = decode(extra[6:]), int(index[6:])
    says = open_checkpoint(note, keys)
    leaf = json.loads(content)
    if leaf["index"] != place or leaf["node"] != says["node"]:
        raise ValueError("another leaf")
    path = [decode(each) for each in path]
    if root_from_inclusion(leaf_hash(content), place, says["size"], path) != says["root"]:
        raise ValueError("the leaf is not in the tree")
    return {"leaf": leaf, "checkpoint": says, "witnesses": cosigners(note, witnesses or {})}


def judge_fork(text, keys):
    """Evidence of a fork: the two checkpoints that one node signed. `keys`: those of each card that is believed."""
    evidence = json.loads(text)
    if evidence["format"] != "jiwar-ledger-fork" or evidence["v"] != 1:
        raise ValueError("no evidence")
    older, newer = (open_by_any(evidence[name], keys) for name in ("older", "newer"))
    root, path = decode(evidence["root"]), [decode(each) for each in evidence["path"]]
    if older["node"] != newer["node"] or older["size"] > shared(newer, older["epoch"]):
        raise ValueError("of logs that need not agree")
    check_consistency(older["size"], newer["size"], path, root, newer["root"])
    if root == older["root"]:
        raise ValueError("the trees continue each other")
    return older, newer


def open_by_any(note, keys):
    for each in keys:
        try:
            return open_checkpoint(note, each)
        except ValueError as error:
            if str(error) != "not signed by this key":
                raise
    raise ValueError("not signed by any of these keys")


def check_vectors(vectors):
    """Every test vector; what was found, in words."""
    keys = {use: decode(raw) for use, raw in vectors["keys"].items()}
    node = {"signing": keys["signing"], "cosigning": keys["cosigning"]}
    witnesses = {"NER": keys["witness"]}
    hashes = [leaf_hash(content.encode()) for content in vectors["leaves"]]
    tree = Tree()
    for each in hashes:
        tree.append(each)
    for each in vectors["checkpoints"]:
        says = open_checkpoint(each["note"], node)
        if (says["origin"], says["size"], encode(says["root"])) != (each["origin"], each["size"], each["root"]):
            raise ValueError("checkpoint")
    if cosigners(vectors["cosigned"]["note"], witnesses) != {"NER": vectors["cosigned"]["time"]}:
        raise ValueError("cosignature")
    for each in vectors["tiles"]:
        if encode(tile(hashes, each["level"], each["number"], each["width"])) != each["hashes"]:
            raise ValueError(each["path"])
    for each in vectors["consistency"]:
        path, old_root, new_root = [decode(h) for h in each["path"]], decode(each["old_root"]), decode(each["new_root"])
        check_consistency(each["old"], each["new"], path, old_root, new_root)
    proven = verify_proof(vectors["proof"], node, witnesses)
    older, newer = judge_fork(json.dumps(vectors["fork"]), [node])
    held = verify_export([line.encode() + b"\n" for line in vectors["export"]], keys["signing"], witnesses)
    yield f"{len(vectors['checkpoints'])} checkpoints, one of them of epoch {says['epoch']}; a cosignature of NER"
    yield f"{len(vectors['tiles'])} tiles, {len(vectors['consistency'])} proofs that trees continue each other"
    yield f"leaf {proven['leaf']['index']} of {proven['checkpoint']['size']}: {proven['leaf']['act']}"
    yield f"a fork of {older['node']} between {older['size']} and {newer['size']} leaves"
    yield f"an export of {held['size']} leaves, {held['witnessed']} of them witnessed by {', '.join(held['witnesses'])}"


# --- the command ------------------------------------------------------------------------------------------------------


def read_card(path):
    """Code and keys of a card."""
    card = json.loads(Path(path).read_text(encoding="utf-8"))
    return card["code"], {"signing": decode(card["signing"]), "cosigning": decode(card["cosigning"])}


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("what", choices=["export", "proof", "fork", "vectors"])
    parser.add_argument("file", type=Path)
    parser.add_argument("--card", action="append", default=[])
    parser.add_argument("--witness", action="append", default=[])
    told = parser.parse_args(arguments)
    try:
        cards = [read_card(path) for path in told.card]
        witnesses = {code: keys["signing"] for code, keys in map(read_card, told.witness)}
        for _, keys in cards:
            print(f"card with the fingerprint {fingerprint(keys['signing'])}")
        if told.what == "vectors":
            print("\n".join(check_vectors(json.loads(told.file.read_text(encoding="utf-8")))))
        elif told.what == "export":
            with told.file.open("rb") as file:
                found = verify_export(file, cards[0][1]["signing"] if cards else None, witnesses)
            print(f"proven whole: {found['size']} leaves of {found['node']}, key {fingerprint(found['key'])}")
            print(f"witnessed: {found['witnessed']} leaves, by {found['witnesses'] or 'nobody that is known'}")
        elif told.what == "proof":
            found = verify_proof(told.file.read_text(encoding="utf-8"), cards[0][1], witnesses)
            print(f"proven: {json.dumps(found['leaf'], ensure_ascii=False, indent=1)}")
            print(f"witnessed by {found['witnesses'] or 'nobody that is known'}")
        else:
            older, newer = judge_fork(told.file.read_text(encoding="utf-8"), [keys for _, keys in cards])
            print(f"{older['node']} signed two histories: of {older['size']} and of {newer['size']} leaves")
    except (OSError, IndexError, KeyError, TypeError, ValueError) as error:
        print(f"{told.file}: NOT PROVEN: {error!r}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
