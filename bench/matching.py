"""Benchmarks of the room `matching`: 10,000 keys against 100,000, and one against 1,000, beside openmined-psi.

The peer is Google's and OpenMined's library of elliptic-curve private set intersection (C++, P-256, a Golomb-coded set)
at the same rate of false positives. It believes its responder; ours proves that every element was made with one key.
"""

import json
import subprocess
import time
from collections.abc import Iterator
from typing import Any

from bench import peers
from jiwar.matching.kinds import cut, token
from jiwar.matching.logic import filters, oprf
from jiwar.matching.logic.key_types import KeyType
from jiwar.matching.logic.keys import message

PEER = "openmined-psi 2.0.6"
ASKED, HELD, BOTH = 10_000, 100_000, 500
ONE_AGAINST = 1_000
ONLINE_ROUNDS = 5

PEER_PROGRAM = """
import json, sys, time
import private_set_intersection.python as psi

def match(asked, held):
    start = time.perf_counter()
    server = psi.server.CreateWithNewKey(True)
    setup = server.CreateSetupMessage(len(asked) * 2.0**-40, len(asked), held, psi.DataStructure.GCS)
    sent = setup.SerializeToString()
    served = time.perf_counter() - start
    start = time.perf_counter()
    client = psi.client.CreateWithNewKey(True)
    request = client.CreateRequest(asked).SerializeToString()
    asking = time.perf_counter() - start
    start = time.perf_counter()
    read = psi.Request()
    read.ParseFromString(request)
    response = server.ProcessRequest(read).SerializeToString()
    served += time.perf_counter() - start
    start = time.perf_counter()
    theirs, answer = psi.ServerSetup(), psi.Response()
    theirs.ParseFromString(sent)
    answer.ParseFromString(response)
    found = client.GetIntersection(theirs, answer)
    asking += time.perf_counter() - start
    return {"asker": asking, "responder": served, "bytes": len(sent) + len(request) + len(response), "hits": len(found)}

bulk, one, rounds = json.load(sys.stdin)
answer = {"bulk": match(*bulk), "online": [match(*one) for _ in range(rounds)]}
assert answer["bulk"]["hits"] == 500 and all(each["hits"] == 1 for each in answer["online"])
print(json.dumps(answer))
"""


def benchmarks() -> Iterator[dict]:
    """Seconds at either side, bytes of the messages and as sealed, milliseconds of one question in memory."""
    bulk = _match(_keys(HELD - BOTH, ASKED), _keys(0, HELD))
    online = [_match(_keys(7, 1), _keys(0, ONE_AGAINST)) for _ in range(ONLINE_ROUNDS)]
    assert bulk["hits"] == BOTH
    assert all(each["hits"] == 1 for each in online)
    try:
        peer, note = _peer(), {}
    except peers.PeerUnavailable as why:
        peer, note = None, {"note": str(why)}

    def beside(value: float | None) -> dict:
        return note if value is None else {"peer": PEER, "peer_value": round(value, 2)}

    for side in ("asker", "responder"):
        row = {"name": f"matching.bulk_{side}_s", "value": round(bulk[side], 2), "unit": "s"}
        yield row | beside(peer and peer["bulk"][side])
    yield {"name": "matching.bulk_bytes", "value": bulk["bytes"], "unit": "B"} | beside(peer and peer["bulk"]["bytes"])
    yield {"name": "matching.bulk_sealed_bytes", "value": bulk["sealed"], "unit": "B"}
    yield {"name": "matching.online_ms", "value": round(_best(online), 1), "unit": "ms"} | beside(
        peer and _best(peer["online"])
    )


def _best(rounds: list[dict[str, Any]]) -> float:
    return min(each["asker"] + each["responder"] for each in rounds) * 1000


def _keys(first: int, count: int) -> list[str]:
    return [f"WVWZZZ1JZXW{number:06}" for number in range(first, first + count)]


def _match(asked: list[str], held: list[str]) -> dict[str, Any]:
    """The protocol without network, database or envelope."""
    seed, secret = b"a" * 32, b"r" * 32
    asker = responder = 0.0
    start = time.perf_counter()
    inputs = [message(KeyType.VIN, "LBY", "NER", key) for key in asked]
    blinded = oprf.blind(seed, inputs)
    asker += time.perf_counter() - start

    start = time.perf_counter()
    key = oprf.Key(secret)
    evaluated, proof = key.evaluate(blinded)
    outputs = list(key.outputs(message(KeyType.VIN, "LBY", "NER", each) for each in held))
    answer = key.public + proof + b"".join(evaluated)
    filter_ = filters.encode(outputs, secret)
    responder += time.perf_counter() - start

    start = time.perf_counter()
    made = oprf.finish(seed, inputs, blinded, evaluated, proof, key.public)
    hits = [output for output, hit in zip(made, filters.holds(filter_, made), strict=True) if hit]
    result = b"".join(sorted(map(token, hits)))
    asker += time.perf_counter() - start

    messages = [b"".join(blinded), answer + filter_, result]
    parts = [part for data in messages for part in cut(data)]
    return {
        "asker": asker,
        "responder": responder,
        "bytes": sum(map(len, messages)),
        # What a record says beside a part has about a thousand bytes; an envelope is filled up to a power of two.
        "sealed": sum(1 << (len(part.model_dump_json()) + 1500).bit_length() for part in parts),
        "hits": len(hits),
    }


def _peer() -> dict[str, Any]:
    python = peers.python("psi", [PEER.replace(" ", "==")])
    asked = [[_keys(HELD - BOTH, ASKED), _keys(0, HELD)], [_keys(7, 1), _keys(0, ONE_AGAINST)], ONLINE_ROUNDS]
    done = subprocess.run(
        [python, "-c", PEER_PROGRAM], input=json.dumps(asked), capture_output=True, text=True, check=True
    )
    return dict(json.loads(done.stdout))
