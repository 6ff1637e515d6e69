"""Which feed and layout a file is, and what is said when it is none."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest
from intake_files import EVENT_HEADER, REGISTER_HEADER, event_row

from dbt_project.registry import Feed, load_feeds
from orchestration.ingest.outcome import Refusal
from orchestration.ingest.recognise import Recognition, bind, recognise
from orchestration.readers import Peek, SheetPeek

FEEDS = load_feeds()
RETURNS = FEEDS["provider_return"]


def peek(
    *rows: str, sheet: str | None = None, form: Literal["csv", "excel", "parquet"] = "csv", by: str = ","
) -> Peek:
    return Peek(form, (SheetPeek(sheet, tuple(tuple(row.split(by)) for row in rows), by),))


def found(look: Peek, feed: str | None = None, name: str = "file.csv") -> Recognition:
    return recognise(FEEDS.values(), FEEDS[feed] if feed else None, look, name)


def refusal(look: Peek, feed: str | None = None) -> Refusal:
    with pytest.raises(Refusal) as caught:
        found(look, feed)
    assert "\n" not in caught.value.message
    return caught.value


def layout_of(look: Peek, feed: str | None = None) -> tuple[str, str]:
    recognition = found(look, feed)
    return recognition.feed.id, recognition.matches[0].layout.name


def test_a_header_in_any_order_case_and_punctuation() -> None:
    shuffled = ",".join(name.upper().replace(" ", "_") for name in reversed(EVENT_HEADER.split(",")))
    assert layout_of(peek(shuffled), "provider_return") == ("provider_return", "provider_events")
    assert layout_of(peek(shuffled)) == ("provider_return", "provider_events")


def test_promise_columns_are_accepted_in_every_layout() -> None:
    names = ",".join(column.name for column in RETURNS.tables[0].columns)
    assert layout_of(peek(names))[0] == "provider_return"


@pytest.mark.parametrize(
    "feed", [feed for feed in FEEDS.values() if feed.order == 10], ids=lambda feed: feed.id
)
def test_the_root_is_routed(feed: Feed) -> None:
    assert layout_of(peek(REGISTER_HEADER))[0] == feed.id


def test_semicolons_and_wide_workbooks() -> None:
    unit = (
        "Centre;Claim month;Submission date;Candidate no;Reg no;Last name;First name;Date of birth;Contact email;"
        "Role;Programme;Course ref;Unit;Sitting;Outcome;Outcome date;Workplace type;ODS code;Network code"
    )
    assert layout_of(peek(unit, by=";"))[1] == "training_provider_results"
    wide = (
        "HEI code,Reporting period,Date of return,Student ref,GPhC reg no,Family name,Given name,DOB,Email address,"
        "Course,Setting,Surgery code,PCN,DPP GPhC no,Attempt,Application date,Pass date"
    )
    assert layout_of(peek(wide, sheet="Students", form="excel"))[1] == "university_wide"
    renamed = found(peek(wide, sheet="Tabelle1", form="excel"), "provider_return")
    assert "taken for 'Students'" in renamed.matches[0].notes[0]


def test_titles_above_a_workbook_header() -> None:
    match = found(
        peek("Return of our school", "", EVENT_HEADER, sheet="x", form="excel"), "provider_return"
    ).matches[0]
    assert (match.header_row, match.has_header) == (2, True)
    assert refusal(peek("Return of our school", EVENT_HEADER), "provider_return").code == "unknown_header"


def test_header_less_files_by_first_field_and_width() -> None:
    fields = "A81001,SURGERY,16C,NAME,U89141,PCN,16C,NAME,20191001,,TRUE"
    assert layout_of(peek(fields, fields)) == ("ods_pcn_membership", "core_partner_csv")
    assert found(peek(fields)).matches[0].has_header is False
    assert refusal(peek(fields + ",more"), "ods_pcn_membership").code == "unknown_header"


def test_a_missing_column_is_named_with_the_nearest_found() -> None:
    said = refusal(peek(EVENT_HEADER.replace("Event date", "Evnt date")), "provider_return")
    assert said.code == "missing_columns"
    assert "'Event date' (nearest: 'Evnt date')" in said.message
    assert "'Return month'" in said.expected


def test_a_forgotten_header_is_not_quoted() -> None:
    said = refusal(peek(event_row(Surname="Secretsurname")), "provider_return")
    assert said.code == "unknown_header"
    assert "Secretsurname" not in said.message
    assert "Secretsurname" not in refusal(peek(event_row(Surname="Secretsurname"))).message


def test_a_file_of_another_feed_names_it() -> None:
    said = refusal(peek(REGISTER_HEADER), "provider_return")
    assert said.code == "wrong_feed"
    assert "'gphc_register'" in said.message


def test_unknown_files_and_wrong_formats() -> None:
    assert refusal(peek("apples,pears", "1,2")).code == "unknown_file"
    assert refusal(peek(EVENT_HEADER, form="excel", sheet="x"), "practice_map").code == "wrong_feed"
    assert refusal(peek("apples,pears", form="excel", sheet="x"), "practice_map").code == "wrong_format"
    assert refusal(peek("apples", form="excel", sheet="Fruit"), "ods_pcn_membership").code == "wrong_sheet"


def test_a_promised_sheet_that_does_not_fit_is_not_passed_over() -> None:
    partners = FEEDS["ods_pcn_membership"].layouts[1]
    header = tuple(spelled[0] for spelled in partners.columns.values())
    sheets = (
        SheetPeek("PCN Core Partner Details", (header,), None),
        SheetPeek("PCNDetails", (("PCN Code", "Something"),), None),
    )
    assert refusal(Peek("excel", sheets), "ods_pcn_membership").code == "missing_columns"
    kept = recognise(FEEDS.values(), None, Peek("excel", (sheets[0], SheetPeek("Notes", (), None))), "f.xlsx")
    assert kept.notes == ("sheets not taken: 'Notes'",)


def test_binding_prefers_the_layout_then_the_name_then_aliases() -> None:
    layout = FEEDS["ods_pcn_membership"].layouts[3]
    binding = bind(FEEDS["ods_pcn_membership"], layout, ("PCN_Code", "PCN_Name", "ICB_Code", "sub_icb_code"))
    assert binding.columns["sub_icb_code"] == 2
    assert binding.extra == ("sub_icb_code",)


def test_a_wanted_header_twice_is_reported() -> None:
    layout = RETURNS.layouts[0]
    assert bind(RETURNS, layout, (*EVENT_HEADER.split(","), "EVENT")).repeated == ("Event",)
    assert bind(RETURNS, layout, (*EVENT_HEADER.split(","), "Remark", "Remark")).repeated == ()


def test_names_of_files_stand_in_the_message(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match=r"strange\.csv: found"):
        found(peek("a,b"), "spend", "strange.csv")
