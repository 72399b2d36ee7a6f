"""The score of a name, a birth date, a sex and a country: loops over numbers, written once.

`evidence.compare` calls these functions to explain one comparison; `index` calls `score_names` for everyone who may be
meant. Where that is many, `compiling.compiled()` gives the same functions as numba compiles them: no clause of theirs
depends on which of the two runs, and neither reorders a sum, so both give the same bits.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from .dates import stands
from .names import HONOURED, LINK_FIRST, LINKED
from .weights import Weights

MOST_PARTS: Final = 12
LOW: Final = 8
"""A name of low quality."""
NO_ANCHOR: Final = -1e9
"""The bits of a name that shares no part with the one asked for."""

U8 = npt.NDArray[np.uint8]
U16 = npt.NDArray[np.uint16]
U32 = npt.NDArray[np.uint32]
I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]


class Columns(NamedTuple):
    """What is compared of every subject of a segment: s subjects, n names, w words in all names.

    Name i has the words `words[name_starts[i]:name_starts[i + 1]]`, belongs to subject `name_subject[i]`, and
    `name_marks[i]` are those of `ParsedName.marks`, and LOW where the name is of low quality. Subject i has the
    names from `subject_names[i]`, the packed dates (`dates.pack`) from `born_starts[i]`, the packed countries from
    `nation_starts[i]`; `sexes[i]` has bit 0 M, bit 1 F, bit 2 X.
    """

    name_starts: U32
    words: U32
    name_subject: U32
    name_marks: U8
    subject_names: U32
    born_starts: U32
    born: I64
    sexes: U8
    nation_starts: U32
    nations: U16


class Asked(NamedTuple):
    """One spelling asked for, and what else there is, as numbers.

    Entry k says that word `words[k]`, rising, is like part `parts[k]` by `likes[k]`; `keyed[k]` whether the two share
    a key. `rarity[i]` is what agreement on part i proves; `marks` are those of the name. `born` is packed,
    0 unknown; `sex` a bit as in `Columns`, 0 unknown; `nation` packed, 0 unknown.
    """

    words: U32
    parts: U8
    likes: F64
    keyed: U8
    rarity: F64
    marks: int
    born: int
    sex: int
    nation: int


def name_bits(  # noqa: C901, PLR0912 - one loop that numba compiles
    like: Any, keyed: Any, m: int, n: int, rarity: Any, marks: int, listed: int, w: Weights, pair: Any
) -> float:
    """The bits of m parts asked for against n listed; `like[i * n + j]` is 0 where part i is not the name j.

    `marks` are those of the name asked for, `listed` those of the other.
    Fills `pair[i]` with the listed part that part i is taken for, or -1: the most alike first, then the nearest in
    place, each part once. NO_ANCHOR where no pair shares a key.
    """
    for i in range(m):
        pair[i] = -1
    taken = 0
    matched = 0
    while True:
        best, near, best_i, best_j = 0.0, 0, -1, -1
        for i in range(m):
            if pair[i] >= 0:
                continue
            for j in range(n):
                if taken >> j & 1:
                    continue
                found = like[i * n + j]
                if found > best or (found == best and best > 0.0 and abs(i - j) < near):
                    best, near, best_i, best_j = found, abs(i - j), i, j
        if best_i < 0:
            break
        pair[best_i] = best_j
        taken |= 1 << best_j
        matched += 1
    bits, last, ordered, anchored = 0.0, -1, True, False
    for i in range(m):
        j = pair[i]
        if j < 0:
            continue
        bits += rarity[i] * (2.0 * like[i * n + j] - 1.0)
        anchored = anchored or keyed[i * n + j] != 0
        ordered = ordered and j > last
        last = j
    if not anchored:
        return NO_ANCHOR
    conflicts = min(m, n) - matched
    if other_given(like, m, n, marks | listed):
        bits = min(bits, w.kin) + w.other_given + w.conflict * max(0, conflicts - 1)
    else:
        bits += w.conflict * conflicts
    bits += w.missing * (max(m, n) - min(m, n))
    if not ordered:
        bits += w.reversed if is_reversal(marks, listed) else w.swapped
    if listed & LOW and bits > 0.0:
        bits *= w.low_quality
    return bits


def sift_names(
    names: U32, sketches: U32, years: U8, lists: I64, masks: U32, worth: F64, born: F64, need: float, out: U32
) -> int:
    """Which names in the posting lists may reach `need` bits; they go into `out`; how many there are.

    `lists` has where each list begins and, after it, where it ends. A name that has a bit of `masks[i]` may agree on
    part i, which brings `worth[i]` at most; `born[code]` is the most that a year of birth brings.
    """
    found = 0
    for list_ in range(0, len(lists), 2):
        for at in range(lists[list_], lists[list_ + 1]):
            most = born[years[at]]
            for part in range(len(masks)):
                if sketches[at] & masks[part]:
                    most += worth[part]
            if most >= need:
                out[found] = names[at]
                found += 1
    return found


def other_given(like: Any, m: int, n: int, marks: int) -> bool:
    """Whether two names begin with different given names: those of a father and his son, of brothers, of strangers.

    Not where one has the family name first, nor where one begins with what people leave out.
    """
    return not marks & HONOURED and like[0] == 0.0 and like[n - 1] == 0.0 and like[(m - 1) * n] == 0.0


def is_reversal(marks: int, listed: int) -> bool:
    """Whether another order makes a father of the son: where a part is linked, and no name begins with ould or ben."""
    return (marks | listed) & (LINKED | LINK_FIRST) == LINKED


def score_names(  # noqa: C901, PLR0912, PLR0915 - one loop that numba compiles
    c: Columns, dead: U8, candidates: U32, asked: Asked, need: float, w: Weights, hits: U32, bits: F64
) -> int:
    """Score each candidate name; those that reach `need` go into `hits`, with their bits; how many there are.

    `dead[s]` is not 0 where subject s was withdrawn. A name may stand among the candidates more than once. The facts
    are added in the order birth date, sex, nationality, and to them the name.
    """
    # Out of their tuples once: each reach into a tuple of arrays costs numba a count of references.
    name_starts, words, name_subject, name_marks = c.name_starts, c.words, c.name_subject, c.name_marks
    born_starts, born, sexes, nation_starts, nations = c.born_starts, c.born, c.sexes, c.nation_starts, c.nations
    asked_words, parts, likes, keys, rarity = asked.words, asked.parts, asked.likes, asked.keyed, asked.rarity
    entries_asked, m = len(asked_words), len(rarity)
    size = 4
    while size < 2 * entries_asked:
        size *= 2
    # A small hash table: word -> first of its entries, or -1; and the most bits that the word can bring.
    table, worth = np.full(size, -1, np.int64), np.zeros(size, np.float64)
    at: Any = 0
    for k in range(entries_asked):
        if k == 0 or asked_words[k] != asked_words[k - 1]:
            at = np.int64(asked_words[k]) * 40503 & (size - 1)
            while table[at] >= 0:
                at = (at + 1) & (size - 1)
            table[at] = k
        worth[at] = max(worth[at], rarity[parts[k]] * (2.0 * likes[k] - 1.0))
    # Most of the names fall short whatever the facts say.
    most_facts = 0.0
    if asked.born:
        for stand in range(8):
            most_facts = max(most_facts, w.birth[stand])
    if asked.sex:
        most_facts += max(0.0, w.sex_same, w.sex_differs)
    if asked.nation:
        most_facts += max(0.0, w.nationality_same, w.nationality_differs)
    like = np.zeros(MOST_PARTS * MOST_PARTS, np.float64)
    keyed = np.zeros(MOST_PARTS * MOST_PARTS, np.uint8)
    pair = np.zeros(MOST_PARTS, np.int64)
    entries = np.zeros(MOST_PARTS, np.int64)
    found = 0
    for place in range(len(candidates)):
        name = candidates[place]
        start = np.int64(name_starts[name])
        n: Any = np.int64(name_starts[name + 1]) - start
        most = most_facts
        for j in range(n):
            word = words[start + j]
            at = np.int64(word) * 40503 & (size - 1)
            while table[at] >= 0 and asked_words[table[at]] != word:
                at = (at + 1) & (size - 1)
            entries[j] = table[at]
            most += worth[at]
        if most < need:
            continue
        subject = name_subject[name]
        if dead[subject]:
            continue
        facts = 0.0
        first, stop = np.int64(born_starts[subject]), np.int64(born_starts[subject + 1])
        if asked.born and stop > first:
            best = w.birth[stands(asked.born, born[first])]
            for k in range(first + 1, stop):
                best = max(best, w.birth[stands(asked.born, born[k])])
            facts += best
        if asked.sex and sexes[subject]:
            facts += w.sex_same if sexes[subject] & asked.sex else w.sex_differs
        first, stop = np.int64(nation_starts[subject]), np.int64(nation_starts[subject + 1])
        if asked.nation and stop > first:
            same = False
            for k in range(first, stop):
                same = same or nations[k] == asked.nation
            facts += w.nationality_same if same else w.nationality_differs
        if most - most_facts + facts < need - 1e-9:
            continue
        for k in range(m * n):
            like[k] = 0.0
            keyed[k] = 0
        for j in range(n):
            k = entries[j]
            while 0 <= k < entries_asked and asked_words[k] == words[start + j]:
                cell = np.int64(parts[k]) * n + j
                like[cell] = likes[k]
                keyed[cell] = keys[k]
                k += 1
        total = facts + name_bits(like, keyed, m, n, rarity, asked.marks, int(name_marks[name]), w, pair)
        if total >= need:
            hits[found] = name
            bits[found] = total
            found += 1
    return found
