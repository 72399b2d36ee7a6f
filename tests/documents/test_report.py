"""The tree of results."""

from hypothesis import given
from hypothesis import strategies as st

from jiwar.documents.logic.report import Check, Header, Result, evidence, group, timed, worst

RESULTS = st.sampled_from(Result)
LEAVES = st.builds(Check, st.sampled_from("abc"), RESULTS)
TREES = st.recursive(LEAVES, lambda below: st.builds(group, st.just("g"), st.lists(below, max_size=4)), max_leaves=12)
HEADER = Header("2026-11-26T12:00:00Z", "v1", None, "synchronised", offline=True, policy="p1")


@given(TREES)
def test_one_failed_child_fails_the_whole(tree: Check) -> None:
    leaves = {check.result for check in tree.walk() if not check.children}
    assert (tree.result is Result.FAILED) == (Result.FAILED in leaves)


@given(TREES)
def test_a_whole_is_successful_only_where_nothing_is_open(tree: Check) -> None:
    leaves = {check.result for check in tree.walk() if not check.children}
    if tree.result is Result.SUCCESSFUL:
        assert leaves <= {Result.SUCCESSFUL, Result.NOT_SUPPORTED}


def test_what_a_document_has_not_does_not_lower_what_it_has() -> None:
    assert worst([Result.NOT_SUPPORTED, Result.SUCCESSFUL]) is Result.SUCCESSFUL
    assert worst([]) is Result.NOT_SUPPORTED
    assert worst([Result.SUCCESSFUL, Result.UNDETERMINED]) is Result.UNDETERMINED


def test_a_missing_anchor_never_fails_a_document() -> None:
    assert worst([Result.UNDETERMINED, Result.ABORTED, Result.SUCCESSFUL]) is Result.ABORTED


def test_durations_take_no_part_in_equality() -> None:
    ticks = iter((1_000, 9_000))
    check = Check("mrz", Result.SUCCESSFUL, evidence=evidence(b"I<UTO"))
    found = timed(lambda: next(ticks), lambda: check)
    assert found == check
    assert found.duration == 8
    assert group("all", [found]).duration == 8


def test_a_check_is_found_by_its_name() -> None:
    tree = group("document", [group("mrz", [Check("mrz.number", Result.FAILED, "check_digit")])])
    assert tree.find("mrz.number").code == "check_digit"
    assert tree.find("chip") is None
