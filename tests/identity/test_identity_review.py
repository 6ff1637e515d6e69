"""What a reviewer sees and decides: no values unasked, decisions that outlive rebuilds, and erasure of all of it."""

from __future__ import annotations

import json
import shutil
import stat
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from orchestration import audit, links
from orchestration.answers import DataRefused, UsageProblem
from orchestration.cli import app
from orchestration.identity import open_store
from orchestration.identity.keys import gphc_person_key
from orchestration.identity.store import LINK_FILE
from orchestration.ingest import ingest_all
from orchestration.settings import Settings

REGISTER = (
    "Snapshot date,GPhC number,Surname,Forename,Date of birth,Profession,Registered on,Registration status,"
    "Removed on,Restored on,Prescriber annotated,Annotated on,Annotation route,Annotation removed on,"
    "Annotation restored on,Country"
)
EVENTS = (
    "Provider code,Return month,Return date,Learner ID,GPhC number,Surname,Forename,Date of birth,Email,Profession,"
    "Strand,Event,Event date,Course code,Module,Attempt,Sector,Practice code,PCN code,Reason,"
    "Supervisor GPhC number,Supervisor type"
)
SECRETS = ("Quillsurname", "Vexforename", "1990-01-01", "2000001", "L-secret")


def entry(number: str, surname: str, forename: str, born: str) -> str:
    return (
        f"2025-12-31,{number},{surname},{forename},{born},Pharmacist,2015-01-01,Registered,,,No,,,,,England"
    )


def event(learner: str, number: str, surname: str, forename: str, born: str, provider: str = "HEI01") -> str:
    return (
        f"{provider},2025-11,2025-12-05,{learner},{number},{surname},{forename},{born},one@provider.example,Pharmacist,"
        "Independent prescribing,Enrolled,2025-10-01,,,,General practice,,,,,"
    )


def settings_in(home: Path) -> Settings:
    return Settings(home=home, landing=home / "landing", memory_limit="1GB", threads=1)


@pytest.fixture
def settings(ingested: Path, tmp_path: Path) -> Settings:
    shutil.copytree(ingested, tmp_path / "home")
    return settings_in(tmp_path / "home")


@pytest.fixture(scope="module")
def ingested(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A learner with a number, one certain without, and one in doubt: the forename is another one."""
    made = settings_in(tmp_path_factory.mktemp("ingested") / "home").prepare()
    register = [
        entry("2000001", "Quillsurname", "Vexforename", "1990-01-01"),
        entry("2000002", "Zedsurname", "Yaforename", "1985-05-05"),
        entry("2000003", "Other", "Person", "1971-07-17"),
    ]
    returns = [
        event("L-secret", "", "Quillsurname", "Another", "1990-01-01"),
        event("L-two", "", "Zedsurname", "Yaforename", "1985-05-05"),
        event("L-three", "2000003", "Other", "Person", "1971-07-17", provider="HEI02"),
        event("L-four", "", "Nobody", "Known", "1969-09-19", provider="HEI02"),
    ]
    for feed, header, rows in (("gphc_register", REGISTER, register), ("provider_return", EVENTS, returns)):
        (made.landing / feed).mkdir(parents=True)
        for provider in ("HEI01", "HEI02") if feed == "provider_return" else ("",):
            lines = [row for row in rows if row.startswith(provider)]
            (made.landing / feed / f"{provider}file.csv").write_text("\n".join((header, *lines)) + "\n")
    ingest_all(made)
    return made.home


def exported(settings: Settings) -> dict[str, tuple[str, str]]:
    """Method and certainty by registrant's number, for the links of the file."""
    numbers = {
        gphc_person_key(settings.identity_key(), f"200000{digit}"): f"200000{digit}" for digit in (1, 2, 3)
    }
    rows = duckdb.read_parquet(str(settings.raw / LINK_FILE)).fetchall()
    return {numbers[row[1]]: (row[2], row[4]) for row in rows}


def waiting_pair(settings: Settings) -> str:
    (pair,) = links.review(settings, "waiting", show_identities=False).as_dict()["pairs"]
    return str(pair["pair"])


def test_counts_by_method_and_provider(settings: Settings) -> None:
    told = links.summary(settings)
    content = told.as_dict()
    rows = {(row["feed"], row["source"]): row for row in content["by_source"]}
    assert set(rows) == {("provider_return", "HEI01"), ("provider_return", "HEI02")}
    one, two = rows["provider_return", "HEI01"], rows["provider_return", "HEI02"]
    assert (one["probabilistic"], one["doubtful"], one["linkage_rate"]) == (1, 1, 0.5)
    assert (two["number"], two["unlinked"], two["linkage_rate"]) == (1, 1, 0.5)
    assert content["total"]["records"] == 4
    assert content["total"]["linkage_rate"] == 0.5
    assert content["pairs_waiting"] == 1
    for secret in SECRETS:
        assert secret not in json.dumps(content) and secret not in "\n".join(told.lines())


def test_the_review_list_shows_agreement_and_no_value(settings: Settings) -> None:
    told = links.review(settings, "waiting", show_identities=False)
    (pair,) = told.as_dict()["pairs"]
    agreement = {name: pair[name] for name in ("surname", "forename", "date_of_birth", "gphc_number")}
    assert agreement == {
        "surname": "same", "forename": "different", "date_of_birth": "same", "gphc_number": "missing"
    }  # fmt: skip
    assert 0.5 < pair["match_probability"] < 0.95
    for secret in SECRETS:
        assert secret not in json.dumps(told.as_dict()) and secret not in "\n".join(told.lines())
    assert audit.read(settings) == ()


def test_identities_are_shown_on_demand_and_the_look_is_logged(settings: Settings) -> None:
    told = links.review(settings, "waiting", show_identities=True)
    for secret in SECRETS:
        assert secret in "\n".join(told.lines()), secret
    (look,) = audit.read(settings)
    assert (look.action, look.facts["of"]) == ("identities_shown", waiting_pair(settings))
    assert not any(secret in (settings.home / audit.FILE).read_text() for secret in SECRETS)


def test_a_doubtful_pair_found_to_be_the_same_is_linked_for_good(settings: Settings) -> None:
    assert exported(settings) == {
        "2000001": ("probabilistic", "doubtful"),
        "2000002": ("probabilistic", "certain"),
    }
    pair = waiting_pair(settings)
    links.decide(settings, pair, same=True, by="Reviewer", why="certificate seen")
    expected = {"2000001": ("reviewed", "certain"), "2000002": ("probabilistic", "certain")}
    assert exported(settings) == expected
    ingest_all(settings, again=True)
    assert exported(settings) == expected
    assert links.review(settings, "waiting", show_identities=False).as_dict()["pairs"] == []
    (kept,) = links.review(settings, "decided", show_identities=False).as_dict()["pairs"]
    assert (kept["pair"], kept["decision"], kept["decided_by"], kept["why"]) == (
        pair, "same", "Reviewer", "certificate seen"
    )  # fmt: skip
    assert kept["decided_at"]


def test_a_certain_link_found_to_be_wrong_never_comes_back(settings: Settings) -> None:
    (pair,) = links.review(settings, "linked", show_identities=False).as_dict()["pairs"]
    links.decide(settings, pair["pair"], same=False, by="Reviewer", why="two people")
    assert "2000002" not in exported(settings)
    assert links.review(settings, "linked", show_identities=False).as_dict()["pairs"] == []
    # the same person comes again in another return, and everything is read again
    more = event("L-two", "", "Zedsurname", "Y", "1985-05-05").replace("2025-11", "2025-12")
    (settings.landing / "provider_return" / "more.csv").write_text(f"{EVENTS}\n{more}\n")
    ingest_all(settings, again=True)
    assert "2000002" not in exported(settings)
    content = links.summary(settings).as_dict()
    assert content["decisions"] == {"same": 0, "different": 1}


def test_a_decision_can_be_taken_back_and_the_first_is_not_forgotten(settings: Settings) -> None:
    pair = waiting_pair(settings)
    links.decide(settings, pair, same=False, by="One", why="not enough")
    assert "2000001" not in exported(settings)
    links.decide(settings, pair, same=True, by="Two", why="certificate seen")
    assert exported(settings)["2000001"] == ("reviewed", "certain")
    decided = links.review(settings, "decided", show_identities=False).as_dict()["pairs"]
    assert [(row["decision"], row["decided_by"]) for row in decided] == [
        ("different", "One"),
        ("same", "Two"),
    ]
    assert links.summary(settings).as_dict()["decisions"] == {"same": 1, "different": 0}


def test_an_accepted_pair_keeps_others_of_the_source_from_the_registrant(settings: Settings) -> None:
    links.decide(settings, waiting_pair(settings), same=True, by="Reviewer", why="certificate seen")
    better = event("L-five", "", "Quillsurname", "Vexforename", "1990-01-01")
    elsewhere = event("L-six", "", "Quillsurname", "Vexforename", "1990-01-01", provider="HEI03")
    for name, row in (("five", better), ("six", elsewhere)):
        (settings.landing / "provider_return" / f"{name}.csv").write_text(
            f"{EVENTS}\n{row}\n".replace("11,", "12,")
        )
    ingest_all(settings)
    rows = {row["source"]: row for row in links.summary(settings).as_dict()["by_source"]}
    assert (rows["HEI01"]["reviewed"], rows["HEI01"]["probabilistic"], rows["HEI01"]["unlinked"]) == (1, 1, 1)
    assert rows["HEI03"]["probabilistic"] == 1


@pytest.mark.parametrize(
    ("pair", "same", "by", "why", "said"),
    [
        ("nosuchpair", True, "Reviewer", "seen", "PAIR: found 'nosuchpair'"),
        (None, None, "Reviewer", "seen", "--same"),
        (None, True, " ", "seen", "--by"),
        (None, True, "Reviewer", "", "--why"),
    ],
)
def test_a_decision_needs_a_pair_a_side_a_name_and_a_reason(
    settings: Settings, pair: str | None, same: bool | None, by: str, why: str, said: str
) -> None:
    with pytest.raises(UsageProblem, match=said):
        links.decide(settings, pair or waiting_pair(settings), same=same, by=by, why=why)
    assert links.review(settings, "decided", show_identities=False).as_dict()["pairs"] == []


def test_erasing_a_person_clears_pairs_links_and_decisions(settings: Settings) -> None:
    links.decide(
        settings, waiting_pair(settings), same=True, by="Reviewer", why="Quillsurname has changed it"
    )
    links.review(settings, "decided", show_identities=True)
    key = gphc_person_key(settings.identity_key(), "2000001")
    with open_store(settings) as store:
        assert (
            store.delete_person(key) == 2
        )  # the register's record and the learner decided to be the same person
    ingest_all(settings, again=True)
    with duckdb.connect(str(settings.identity / "identity.duckdb"), read_only=True) as connection:
        for (table,) in connection.execute("select table_name from duckdb_tables()").fetchall():
            text = str(connection.execute(f"select * from {table}").fetchall())
            assert table == "erased" or key not in text, table
            assert not any(secret in text for secret in SECRETS), table
    assert "2000001" not in exported(settings)


def test_erasing_someone_in_doubt_leaves_the_registrant(settings: Settings) -> None:
    with duckdb.connect(str(settings.identity / "identity.duckdb"), read_only=True) as connection:
        ((doubtful,),) = connection.execute(
            "select person_key from link where certainty = 'doubtful'"
        ).fetchall()
    with open_store(settings) as store:
        assert store.delete_person(doubtful) == 1
    ingest_all(settings, again=True)
    assert set(exported(settings)) == {"2000002"}
    assert links.review(settings, "waiting", show_identities=False).as_dict()["pairs"] == []


def test_the_store_and_everything_beside_it_stay_with_their_owner(settings: Settings) -> None:
    links.review(settings, "waiting", show_identities=True)
    for path in [settings.identity, *settings.identity.iterdir()]:
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path.name


def test_nothing_of_a_review_leaves_the_store(settings: Settings) -> None:
    columns = duckdb.read_parquet(str(settings.raw / LINK_FILE)).columns
    assert columns == ["person_key", "resolved_person_key", "method", "match_probability", "certainty"]
    content = (settings.raw / LINK_FILE).read_bytes()
    assert not any(secret.encode() in content for secret in SECRETS)


def test_an_empty_home_has_no_links_to_tell_of(tmp_path: Path) -> None:
    with pytest.raises(DataRefused, match="no person has been taken in"):
        links.summary(Settings(home=tmp_path, landing=tmp_path / "landing"))
    assert not (tmp_path / "identity").exists()


def test_the_commands(settings: Settings) -> None:
    home = ["--home", str(settings.home)]
    runner = CliRunner()
    counts = runner.invoke(app, ["links", "--json", *home])
    assert json.loads(counts.stdout)["total"]["records"] == 4
    listed = runner.invoke(app, ["links", "review", "--json", *home])
    (pair,) = json.loads(listed.stdout)["pairs"]
    decided = runner.invoke(
        app,
        ["links", "decide", pair["pair"], "--different", "--by", "Reviewer", "--why", "two people", *home],
    )
    assert decided.exit_code == 0, decided.output
    assert "different people" in decided.stdout
    assert json.loads(runner.invoke(app, ["links", "--json", *home]).stdout)["decisions"]["different"] == 1
