"""Which test shows which of the 22 acceptance points of the dashboards.

| point | what is promised |
|---|---|
| 1-10, 14-16, 19, 20 | what a real Chromium sees, in `browser/` |
| 4, 11-13, 18, 22 | what the shipped files say, read without a browser |
| 17 | the board pack |
| 21 | a refused build leaves the live release as it was, and the status page says so |

A name in the table that no longer exists, or a point without a test, fails here.
"""

from __future__ import annotations

import ast
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
BROWSER = "dashboards/browser/test_dashboards_browser.py"
EXPLORE = "dashboards/browser/test_explore_browser.py"
SITE = "dashboards/test_dashboards_site.py"
PACK = "dashboards/test_board_pack.py"
WALKED = (BROWSER, "test_no_page_has_a_problem")

SHOWN_BY: dict[int, tuple[tuple[str, str], ...]] = {
    1: (WALKED, (SITE, "test_no_file_names_another_host")),
    2: (WALKED, (SITE, "test_policy_is_strict_and_nothing_is_inline")),
    3: (WALKED,),
    4: ((SITE, "test_every_figure_has_all_its_parts"),),
    5: (
        (BROWSER, "test_pages_are_complete_without_javascript"),
        (EXPLORE, "test_without_script_the_page_says_where_the_figures_are"),
    ),
    6: ((BROWSER, "test_pages_work_from_disk"),),
    7: (WALKED,),
    8: (WALKED,),
    9: ((EXPLORE, "test_a_choice_changes_every_chart_table_and_sentence_in_time"),),
    10: (
        (EXPLORE, "test_address_carries_every_choice_and_brings_it_back"),
        (EXPLORE, "test_a_bad_address_falls_back_and_says_so"),
        (BROWSER, "test_a_bad_address_falls_back"),
    ),
    11: (
        (SITE, "test_every_table_is_its_csv"),
        (SITE, "test_every_cell_of_every_table_is_published"),
        (SITE, "test_every_point_of_every_chart_is_in_its_table"),
        (EXPLORE, "test_every_measure_shows_its_published_numbers_in_table_chart_and_file"),
    ),
    12: ((SITE, "test_every_page_states_release_and_demonstration"),),
    13: (
        (SITE, "test_manifest_holds_the_sum_of_every_file"),
        (SITE, "test_every_local_link_resolves_and_ids_are_unique"),
    ),
    14: ((SITE, "test_pages_are_light"),),
    15: ((BROWSER, "test_a_slow_reader_sees_a_page_soon"),),
    16: (WALKED,),
    17: (
        (PACK, "test_it_is_tagged_and_says_its_language_and_title"),
        (PACK, "test_charts_are_vectors_with_words"),
    ),
    18: ((SITE, "test_series_are_few_distinct_and_of_enough_contrast"),),
    19: (WALKED,),
    20: ((BROWSER, "test_the_same_page_gives_the_same_pixels"),),
    21: (
        (
            "integration/test_dagster.py",
            "test_a_refused_build_cannot_be_published_and_the_last_release_stays",
        ),
    ),
    22: (
        (SITE, "test_hidden_cells_leak_nowhere"),
        ("integration/test_main_job.py", "test_the_published_tables_hold_no_small_count"),
        ("export/test_workbook.py", "test_every_figure_stands_in_the_workbook_as_published"),
        (PACK, "test_it_names_no_address_and_holds_no_hidden_value"),
        (PACK, "test_a_hidden_value_drawn_in_it_would_be_found"),
    ),
}


def test_every_point_has_a_test() -> None:
    assert set(SHOWN_BY) == set(range(1, 23))
    assert all(SHOWN_BY.values())


def test_every_named_test_exists() -> None:
    named = {test for tests in SHOWN_BY.values() for test in tests}
    there = {
        (file, node.name)
        for file in {file for file, _ in named}
        for node in ast.parse((TESTS / file).read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef)
    }
    assert not named - there
