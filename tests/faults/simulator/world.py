"""Ten nodes, their network, their people and what befalls them, all by the chance of one seed."""

import datetime as dt
import inspect
import random
from collections import defaultdict
from collections.abc import Callable

from jiwar.audit.logic.book import Note
from jiwar.exchange.logic.conversation import NotUnderstood, answer, later, visit
from tests.faults.simulator import departure, forgery, invariants, ledger, people, records, restore
from tests.faults.simulator.disk import Crash, DiskFull
from tests.faults.simulator.forgery import Forger
from tests.faults.simulator.keys import Key, PublicKey
from tests.faults.simulator.network import Flight, Visit
from tests.faults.simulator.node import Ring, SimNode
from tests.faults.simulator.plan import Plan, plan
from tests.faults.simulator.rows import Record, Row

START = dt.datetime(2026, 11, 25, 12, tzinfo=dt.UTC)
_RECORDED = 30
"""Frames that an attacker keeps."""


class World:
    """The simulated world of a seed. `history`: what happens, in words, where somebody asked for it."""

    def __init__(self, seed: int, history: list[str] | None = None) -> None:
        self.chance = random.Random(seed)
        self.history = history
        self.plan: Plan = plan(self.chance)
        self.now = START
        self.keys: dict[str, tuple[str, PublicKey]] = {}
        self.nodes: dict[str, SimNode] = {}
        self.flights: list[Flight] = []
        self.visits: dict[int, Visit] = {}
        self.recorded: list[Flight] = []
        self.down: dict[str, dt.datetime] = {}
        self.parted: set[frozenset[str]] = set()
        self.reached: dict[tuple[str, str], dt.datetime] = {}
        self.statements: dict[str, Record] = {}
        self.acknowledged: set[tuple[str, str, str]] = set()
        self.gone: set[str] = set()
        self.restored: set[str] = set()
        self.forgers: dict[str, Forger] = {}
        self.notes: dict[str, Note] = {}
        self.calm = False
        self._number = 0
        self._meanwhile = 0
        self._settle()

    def number(self) -> int:
        """A number that nothing else here has."""
        self._number += 1
        return self._number

    def tell(self, what: str) -> None:
        """Note what happens, if somebody wants to read it."""
        if self.history is not None:
            self.history.append(f"{self.now:%Y-%m-%d %H:%M:%S} {what}")

    # --- what the nodes tell the one who checks ----------------------------------------------------------------------

    def issued(self, node: SimNode, record: Record) -> None:
        """A node issued a record."""
        self.statements[record.hash] = record
        self.tell(f"{node.code} issues {name(record)}")

    def took(self, node: SimNode, sender: str, record: Record) -> None:
        """A node takes a record."""
        self.tell(f"{node.code} takes {name(record)} from {sender}")
        invariants.check_agreed(self, node, sender, record)

    def sealed(self, node: SimNode, peer: str, row: Row) -> None:
        """A node sealed a message."""
        self.tell(f"{node.code} seals {name(self.statements[row.record])} for {peer}")

    def forked(self, node: SimNode, code: str) -> None:
        """A node found evidence that another signed two histories."""
        self.tell(f"{node.code} finds that {code} signed two histories")

    # --- a step ------------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Everything that befalls the world, and then its healing."""
        people.begin(self)
        for _ in range(self.plan.steps):
            self.now += dt.timedelta(seconds=self.chance.expovariate(1 / self.plan.pace))
            self.step()
        self.heal()
        invariants.check(self)

    def step(self) -> None:
        """One thing happens."""
        chance, each = self.chance, self.plan
        self._wake()
        for share, happens in (
            (each.crash, self._plan_crash),
            (each.full, self._fill),
            (each.clock, self._turn_clock),
            (each.restore, self._restore),
            (each.part, self._part),
            (each.replay, self._replay),
            (each.pouch, self._pouch),
            (each.fork, self._fork),
        ):
            if share and chance.random() < share:
                happens()
        what = chance.random()
        if what < 0.2:
            people.act(self)
        elif what < 0.3:
            self.minute(chance.choice(self.active()))
        elif what < 0.6 and self.flights:
            self.deliver(self.flights.pop(chance.randrange(len(self.flights))))
        else:
            node, peer = chance.choice(each.edges)
            if chance.random() < 0.5 and "-" not in node:
                node, peer = peer, node
            self.start(node, peer, fast=chance.random() < 0.6)

    def up(self) -> list[SimNode]:
        """The nodes that run."""
        return [node for code, node in self.nodes.items() if code not in self.down]

    def everyone(self) -> list[SimNode]:
        """All nodes, a forger's second history too."""
        return [*self.nodes.values(), *(forger.twin for forger in self.forgers.values())]

    def active(self) -> list[SimNode]:
        """Of these, those that run."""
        return [node for node in self.everyone() if node.code not in self.down]

    def met(self, code: str, peer: str) -> SimNode:
        """Whom a peer meets under a code."""
        forger = self.forgers.get(code)
        return forger.twin if forger and peer in forger.deceived else self.nodes[code]

    def meanwhile(self, node: SimNode) -> None:
        """Between two steps of one thread of a node, another of its threads may answer a frame."""
        if self.plan.together and not self._meanwhile and not self.calm and self.chance.random() < self.plan.together:
            waiting = [flight for flight in self.flights if flight.recipient == node.code and not flight.answer]
            if waiting:
                flight = self.chance.choice(waiting)
                self.flights.remove(flight)
                self._meanwhile += 1
                try:
                    self._ask(flight, crash_here=False)
                finally:
                    self._meanwhile -= 1

    # --- visits ------------------------------------------------------------------------------------------------------

    def start(self, code: str, peer: str, *, fast: bool) -> None:
        """A node visits a peer."""
        if code in self.down or any(v.node == code and v.peer == peer for v in self.visits.values()):
            return
        node = self.met(code, peer)
        awake = self.now - self.reached.get((code, peer), START - dt.timedelta(days=1)) < dt.timedelta(seconds=40)
        push, room = self.chance.choice([3_000, 10_000, 64_000]), self.chance.choice([4_000, 100_000])
        frames = visit(node, node.contacts[peer], peer, push=lambda: push, room=lambda: room, awake=awake)
        led = Visit(self.number(), code, peer, frames)
        self.visits[led.number] = led
        self._say(led, lambda: next(frames))
        while fast and led.number in self.visits:
            flight = next((f for f in self.flights if f.visit == led.number), None)
            if flight is None:
                break
            self.flights.remove(flight)
            self.deliver(flight)

    def deliver(self, flight: Flight) -> None:
        """A frame arrives, or does not."""
        if not self.calm and self.chance.random() < self.plan.loss / 2:
            self.tell(f"lost: a frame of {flight.sender} to {flight.recipient}")
            self.cut(flight.visit, "too_slow")
        elif flight.answer:
            if (led := self.visits.get(flight.visit)) is not None:
                self.reached[led.node, led.peer] = self.now
                self._say(led, lambda: led.frames.send(flight.data))
        else:
            self._ask(flight)
            if not self.calm and self.chance.random() < self.plan.twice:
                self._ask(flight)

    def _ask(self, flight: Flight, *, crash_here: bool = True) -> None:
        """A node hears a frame and answers."""
        node = self.met(flight.recipient, flight.sender)
        if node.code in self.down or self._is_cut(flight.sender, flight.recipient):
            self.cut(flight.visit, "unreachable")
            return
        if len(self.recorded) < _RECORDED:
            self.recorded.append(flight)
        elif self.chance.random() < 0.2:
            self.recorded[self.chance.randrange(_RECORDED)] = flight
        try:
            said = answer(node, node.contacts, flight.data)
        except NotUnderstood as error:
            self.tell(f"{node.code} does not understand {flight.sender}: {error.code} {error.detail}")
            self.cut(flight.visit, "http")
        except DiskFull:
            self.tell(f"{node.code} cannot write: its disk is full")
            self.cut(flight.visit, "http")
        except Crash as crash:
            self.cut(flight.visit, "unreachable")
            if not crash_here:
                raise
            self.crashed(crash.code)
        else:
            self.flights.append(Flight(flight.visit, True, node.code, said.peer, said.data))

    def _say(self, led: Visit, frame: Callable[[], bytes]) -> None:
        node = self.met(led.node, led.peer)
        try:
            data = frame()
        except StopIteration as ended:
            self.visits.pop(led.number, None)
            problem = ended.value.problem
            if problem:
                self.tell(f"{led.node} ends its visit to {led.peer}: {problem.code} {problem.detail}")
        except NotUnderstood as error:
            self.visits.pop(led.number, None)
            self.tell(f"{led.node} does not understand {led.peer}: {error.code} {error.detail}")
        except DiskFull:
            self.visits.pop(led.number, None)
            self.tell(f"{led.node} cannot write: its disk is full")
        except Crash as crash:
            self.crashed(crash.code)
        else:
            if led.number in self.visits:
                self.flights.append(Flight(led.number, False, node.code, led.peer, data))

    def cut(self, number: int, code: str) -> None:
        """A visit gets no answer any more."""
        if (led := self.visits.pop(number, None)) is not None:
            self.tell(f"{led.node} misses {led.peer}: {code}")
            if inspect.getgeneratorstate(led.frames) != inspect.GEN_RUNNING:
                led.frames.close()

    def minute(self, node: SimNode) -> None:
        """What a node does each minute."""
        try:
            records.expire(node)
            records.read_again(node)
            departure.release(node)
        except DiskFull:
            self.tell(f"{node.code} cannot write: its disk is full")
        except Crash as crash:
            self.crashed(crash.code)

    # --- faults ------------------------------------------------------------------------------------------------------

    def _is_cut(self, one: str, other: str) -> bool:
        return frozenset({one, other}) in self.parted

    def _plan_crash(self) -> None:
        node = self.chance.choice(self.up())
        node.disk.crash_in = self.chance.randrange(10)

    def crashed(self, code: str) -> None:
        node = self.nodes[code]
        self.tell(f"{code} crashes")
        for number, led in list(self.visits.items()):
            if led.node == code:
                self.cut(number, "crashed")
        node.disk.recover(whole=self.chance.random() < 0.5)
        node.forget()
        self.down[code] = self.now + dt.timedelta(seconds=self.chance.expovariate(1 / (self.plan.pace * 3)))

    def _wake(self) -> None:
        for code in [code for code, until in self.down.items() if until <= self.now]:
            del self.down[code]
            self.tell(f"{code} is up again")

    def _fill(self) -> None:
        node = self.chance.choice(self.up())
        node.disk.full = not node.disk.full
        self.tell(f"the disk of {node.code} is {'full' if node.disk.full else 'writable again'}")

    def _turn_clock(self) -> None:
        node = self.chance.choice(self.up())
        far = self.chance.choice([0, 0, 30, -30, 7_200, -7_200, 40 * 86_400, -40 * 86_400, 400 * 86_400, -400 * 86_400])
        node.offset = dt.timedelta(seconds=far * self.chance.uniform(0.5, 1))
        self.tell(f"the clock of {node.code} is off by {node.offset}")

    def _restore(self) -> None:
        node = self.chance.choice(self.up())
        if node.disk.full or node.code in self.forgers:
            return
        length = len(node.disk.journal)
        back = (
            self.chance.randrange(1, length + 1)
            if self.chance.random() < 0.5
            else max(1, length - self.chance.randrange(30))
        )
        self.crashed(node.code)
        self.restored.add(node.code)
        self.acknowledged |= invariants.acknowledged(node)
        node.disk.restore(back)
        held = {hash_ for each in self.everyone() for hash_ in each.disk.tables["records"]}
        self.gone |= self.statements.keys() - held
        self.tell(f"{node.code} is restored from an old copy: {length - back} transactions are gone")

    def _part(self) -> None:
        if self.parted and self.chance.random() < 0.5:
            self.parted.clear()
            self.tell("all ways are open")
            return
        side = set(self.chance.sample(self.plan.codes, self.chance.choice([1, 2, 4])))
        self.parted |= {frozenset(edge) for edge in self.plan.edges if (edge[0] in side) != (edge[1] in side)}
        self.tell(f"cut off: {' '.join(sorted(side))}")

    def _replay(self) -> None:
        if self.recorded:
            flight = self.chance.choice(self.recorded)
            self.tell(f"somebody repeats an old frame of {flight.sender} to {flight.recipient}")
            self._ask(Flight(0, False, flight.sender, flight.recipient, flight.data))

    def _pouch(self) -> None:
        node = self.chance.choice(self.up())
        peer = self.chance.choice(node.neighbours)
        node = self.met(node.code, peer)
        try:
            said = later(node, node.contacts, peer)
        except DiskFull:
            return
        except Crash as crash:
            self.crashed(crash.code)
            return
        self.tell(f"{node.code} gives a pouch for {peer} to a traveller")
        self.flights.append(Flight(0, False, node.code, peer, said.data))

    def _fork(self) -> None:
        code = self.plan.forger
        if code in {*self.forgers, *self.restored, *self.down}:
            return
        for number in [number for number, led in self.visits.items() if code in {led.node, led.peer}]:
            self.cut(number, "forked")
        self.forgers[code] = Forger(self, code)
        self.tell(f"{code} shows {' '.join(sorted(self.forgers[code].deceived))} another history from here on")

    # --- healing -----------------------------------------------------------------------------------------------------

    def heal(self) -> None:
        """All faults end, and the world runs until it is quiet."""
        self.tell("everything heals")
        self.calm = True
        for number in list(self.visits):
            self.cut(number, "over")
        self.flights.clear()
        self.parted.clear()
        self.down.clear()
        for node in self.everyone():
            node.disk.full, node.disk.crash_in = False, None
            node.offset = dt.timedelta()
            node.old = False
        forgery.grow(self)
        for _ in range(4):
            self._settle_all()
            self._greet_all()
            if self.forgers:  # who heard of a checkpoint asks about it the next time
                self._greet_all()
            if not any(self._administer(node) for node in self.nodes.values()):
                return
        raise AssertionError("the administrators do not come to rest")

    def _settle_all(self) -> None:
        """What waits is carried, what an administrator has to do is done, until nothing changes."""
        before: object = None
        for number in range(12):
            for node in self.everyone():
                self.minute(node)
            for one, other in self.plan.edges:
                if not number or self._waits(one, other) or self._waits(other, one):
                    self.start(one, other, fast=True)
                    self.now += dt.timedelta(seconds=1)
            for node in self.nodes.values():
                self._administer(node)
            now = self._standing()
            if before == now:
                return
            before = now
            self.now += dt.timedelta(hours=7)
        raise AssertionError("the world does not come to rest")

    def _greet_all(self) -> None:
        """Everyone greets everyone once more, for there is nothing left to say."""
        sizes: object = None
        for _ in range(4):
            self.now += dt.timedelta(minutes=2)
            for one, other in self.plan.edges:
                self.reached[one, other] = self.now
                self.start(one, other, fast=True)
            before, sizes = sizes, [len(node.disk.tables["leaves"]) for node in self.everyone()]
            if before == sizes:
                return
        raise AssertionError("there is always something to say")

    def _waits(self, code: str, peer: str) -> bool:
        """Whether a node would visit a peer for more than a greeting."""
        node, other = self.met(code, peer), self.met(peer, code)
        return (
            any(row.state in {"queued", "sealed"} for row in node.outbox(peer).values())
            or any(way.closed_at is None and way.seq > way.acked for way in node.ways(peer).values())
            or other.epoch_of(code) != node.epoch()
            or bool(node.restoring())
        )

    def _administer(self, node: SimNode) -> bool:
        """An administrator does what waits for one; whether anything did."""
        waited = False
        if node.restoring():
            waited = True
            self.tell(f"the administrator of {node.code} ends its restore")
            restore.end(node)
        for peer in node.neighbours:
            if peer in self.restored and ledger.open_fork(node, peer):
                self.tell(f"the administrator of {node.code} accepts the fork of {peer}")
                ledger.accept(node, peer)
                waited = True
        return waited

    def _standing(self) -> object:
        return [
            (
                [{key: (row.state, row.reason) for key, row in node.outbox(peer).items()} for peer in node.neighbours],
                len(node.disk.tables["restores"]),
            )
            for node in self.everyone()
        ]

    def _settle(self) -> None:
        """Nodes get their keys and know their neighbours."""
        known = defaultdict(list)
        for one, other in self.plan.edges:
            known[one].append(other)
            known[other].append(one)
        for code in self.plan.codes:
            keys = [Key(self.chance.randbytes(32)) for _ in range(3)]
            node = SimNode(self, code, Ring((keys[0],), (keys[1],), keys[2]))
            node.neighbours = known[code]
            node.old = code in self.plan.old
            node.lawless = code == self.plan.lawless
            self.nodes[code] = node
            self.keys[keys[0].id] = (code, keys[0].public_key())
            with node.disk.transaction():
                node.append(("node_started", code, ""))


def name(record: Record) -> str:
    """A record in a few words."""
    return f"{record.kind} {record.uid[-4:]} v{record.version} of {record.node}"
