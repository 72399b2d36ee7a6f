"""The model card says what was measured, and nothing else."""

import pytest

from bench import holder_report
from bench.model_card import CARD, WAYS, card, kept


def test_the_card_is_what_the_kept_figures_say() -> None:
    assert CARD.read_text(encoding="utf-8") == card(kept()), "run python -m bench.model_card"


def test_every_figure_is_on_the_card() -> None:
    rows = {
        name: row for name, row in kept().items() if name.startswith(("watchlist_accuracy.", "watchlist_fairness."))
    }
    changed = {name: row | {"value": 0.123456789} for name, row in rows.items()}
    for name in rows:
        assert card(rows | {name: changed[name]}) != card(rows), name


def test_no_card_without_its_figures() -> None:
    rows = kept()
    del rows[f"watchlist_fairness.{WAYS[0]}_region_ratio"]
    with pytest.raises(KeyError):
        card(rows)


def test_what_a_holder_s_comparison_is_worth_is_what_the_kept_figures_say() -> None:
    rows = holder_report.kept()
    assert holder_report.REPORT.read_text(encoding="utf-8") == holder_report.report(rows)
    for name in rows:
        assert holder_report.report(rows | {name: rows[name] | {"value": 987}}) != holder_report.report(rows), name
