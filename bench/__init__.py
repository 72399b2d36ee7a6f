"""Benchmarks: one module for each room, each with `def benchmarks() -> Iterator[dict]`.

A row is `{"name": "exchange.delivery_p95", "value": 12.3, "unit": "ms"}` and, where there is something to compare with,
`peer` (its name and version), `peer_value` (same unit, measured in the same run), `goal` (a number) and `better`
("lower", the default, or "higher"). `peers.python` makes an environment for a peer; where it raises PeerUnavailable,
give the row without a peer and its text as `note`, which is printed and not kept.
"""
