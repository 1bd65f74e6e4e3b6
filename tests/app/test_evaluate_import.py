"""Evaluate's import screens: from a spreadsheet to a set that can be run, and what is asked on the way."""

from __future__ import annotations

from pathlib import Path

from streamlit.testing.v1 import AppTest

from pages.components.session import keys
from rerank_core.evaluation.query_sets.query_set import QuerySet
from tests.support.evaluate_page import choose, go, open_step, upload
from tests.support.page import chooser, click, labels, press, settled, words

CASES = Path(__file__).parents[1] / "data" / "cases"
PRIMARY = "Use these queries"


def shop(name: str) -> AppTest:
    """The page after two clicks: own queries, and one of the two workbooks of a shop."""
    page = click(open_step("Answer"), "Use your own queries")
    return upload(page, (name, (CASES / name).read_bytes()))


def used(page: AppTest) -> QuerySet:
    """The set that is worked on after the last click."""
    return settled(click(page, PRIMARY)).session_state["evaluate"].opened


def test_a_rated_sheet_of_a_shop_is_ready_after_three_clicks() -> None:
    """A caption stands above the names of the columns, and none of the names is the usual one."""
    made = used(shop("shop-rated.xlsx"))
    assert (len(made.ready), made.pairs, made.judged) == (60, 600, 60)
    document = made.documents["SKU-39260"]
    assert (document.text, document.metadata["title"]) == ("USB-C, red light", "Exped Headlamp rechargeable 400 lm")


def test_the_other_sheet_is_guessed_anew_and_ready_after_four_clicks() -> None:
    """The sheet without ratings, chosen without opening anything; its columns can be changed afterwards."""
    page = shop("shop-both.xlsx")
    assert chooser(page, "Rating").value == "Rating"
    choose(page, "Sheet", "Unrated")
    assert chooser(page, "Rating").value == ""
    choose(page, "Document text", "Product title")
    assert not page.error
    assert chooser(page, "Document text").value == "Product title"
    choose(page, "Document text", "Short description")
    made = used(page)
    assert (len(made.ready), made.judged) == (60, 0)


def test_a_column_that_is_not_there_takes_no_picker_away() -> None:
    """An encoding or a sheet that fails leaves what was read, with every choice."""
    page = upload(open_step(), ("a.csv", b"query,id,document,rating\nq,1,one,3\n"))
    for label in ("Document text", "Rating", "First row", "Kind of file"):
        assert chooser(page, label)
    choose(page, "Rating", "")
    choose(page, "First row", "no")
    assert chooser(page, "Rating").value == ""
    assert "Column 1" in chooser(page, "Document text").options


def test_where_nothing_can_be_run_the_cure_is_offered_and_no_other_button() -> None:
    """Ids and ranks without a text: the column is asked for, with a button that opens the columns."""
    page = upload(open_step(), ("results.csv", b"query,id,rank,remark\nq,d1,1,\nq,d2,2,\n"))
    assert PRIMARY not in labels(page)
    assert "Choose the column that holds the texts of the documents" in words(page)
    click(page, "Choose the column of the texts")
    assert page.session_state[keys.of(keys.UPLOAD, "columns", "reading_queries", 0, "results.csv")] is True
    upload(page, ("texts.csv", b"id,text\nd1,one\nd2,two\n"))
    assert len(used(page).ready) == 1


def test_ratings_that_nobody_knows_are_mapped_by_hand() -> None:
    """Each value with its count and its grade; the others are proposed, and the mapping can be taken back."""
    rows = b"query,id,document,rating\nq,1,one,lovely\nq,2,two,3\nq,3,three,lovely\nq,4,four,meh\n"
    page = upload(open_step(), ("a.csv", rows))
    assert "are not taken over yet" in words(page)
    assert [text for text in words(page).split("\n") if text in ("lovely", "meh", "3")][:3] == ["lovely", "meh", "3"]
    fields = [field for field in page.number_input if field.label.startswith("Grade of value")]
    assert [field.value for field in fields] == [None, None, 3]
    fields[0].set_value(2)
    settled(click(page, "Use these grades"))
    assert "Mapped by hand" in words(page)
    made = used(page)
    assert made.combined() == {"q": {"1": 2, "2": 3, "3": 2}}


def test_grades_by_hand_can_be_taken_back_and_end_with_another_column() -> None:
    """Words that are known need no mapping; one that was made is forgotten on request."""
    page = upload(open_step(), ("a.csv", b"query,document,rating,note\nq,one,good,3\nq,two,bad,0\n"))
    assert "'good' as 2" in words(page)
    next(field for field in page.number_input if field.label == "Grade of value 1").set_value(3)
    press(page, "Use these grades")
    assert "'good' as 3" in words(page)
    press(page, "Read the ratings as they stand")
    assert "'good' as 2" in words(page)
    next(field for field in page.number_input if field.label == "Grade of value 1").set_value(3)
    press(page, "Use these grades")
    choose(page, "Rating", "note")
    assert "Mapped by hand" not in words(page)
    assert used(page).combined() == {"q": {"one": 3, "two": 0}}


def test_ids_that_a_program_changed_are_matched_until_somebody_says_no() -> None:
    """The matching is said, and one toggle undoes it."""
    page = upload(
        open_step(),
        ("results.csv", b"query,id,document,rank\nq,001,one,1\nq,002,two,2\n"),
        ("ratings.csv", b"query,docid,rating\nq,1,3\nq,2,0\n"),
    )
    assert "'1' to '001' for example" in words(page)
    toggle = next(each for each in page.toggle if each.label == "Match the ids")
    settled(toggle.set_value(False).run())
    assert "for example" not in words(page)
    settled(next(each for each in page.toggle if each.label == "Match the ids").set_value(True).run())
    assert used(page).combined() == {"q": {"001": 3, "002": 0}}


def test_the_sample_is_not_listed_below_ones_own_files() -> None:
    """While own queries are added its queries, which nobody brought, are not shown."""
    page = open_step()
    assert len(page.dataframe) == 1
    upload(page, ("a.csv", b"query,document\nq,one\n"))
    assert not [frame for frame in page.dataframe if "Candidates" in frame.value.columns]


def test_ratings_that_came_with_a_file_count_as_rated() -> None:
    """On Rate the ratings of the file are part of what is done."""
    page = upload(open_step(), ("a.csv", b"query,document,rating\nq,one,3\nq,two,0\nq,three,\n"))
    used(page)
    go(page, "Rate")
    assert page.get("progress")[0].proto.text.startswith(
        "2 of 3 documents rated: 2 came with the file, 0 by this rater"
    )


def test_a_guess_that_may_be_wrong_stands_open_with_samples() -> None:
    """Where names tell nothing the columns are open, with some cells of each."""
    page = upload(
        open_step(),
        (
            "a.csv",
            b"query,what,more\nq,a small thing,the longer words of this one\nr,two things,some more words here\n",
        ),
    )
    expander = next(each for each in page.expander if each.label == "Columns")
    assert expander.proto.expanded
    assert "Please look at the columns" in words(page)


def test_html_in_the_documents_is_read_as_text_unless_somebody_says_no() -> None:
    """The choice stands beside the columns, and the columns stay as they are."""
    page = upload(open_step(), ("a.csv", b"query,document,rating\nq,<p>A <b>mug</b>.</p>,3\nq,<p>A pot.</p>,0\n"))
    assert "HTML in the texts was read as text" in words(page)
    choose(page, "HTML in the fields", "keep")
    assert "HTML in the texts was read as text" not in words(page)
    assert chooser(page, "Rating").value == "rating"
    assert [one.text for one in used(page).documents.values()] == ["<p>A <b>mug</b>.</p>", "<p>A pot.</p>"]


def test_school_grades_are_turned_round_with_one_click() -> None:
    """The button stands open beside the warning; 1 becomes the best, and it can be undone."""
    page = upload(open_step(), ("noten.csv", b"query;id;document;Note\nmaus;a;Eine Maus;1\nmaus;b;Ein Tisch;6\n"))
    assert "turn them round" in words(page)
    settled(click(page, "Turn round: the smallest is the best"))
    assert "turn them round" not in words(page)
    assert "'1' as 5, '6' as 0" in words(page)
    press(page, "Read the ratings as they stand")
    made = used(settled(click(page, "Turn round: the smallest is the best")))
    assert made.combined() == {"maus": {"a": 5, "b": 0}}


def test_every_rating_of_a_file_of_several_raters_is_counted() -> None:
    """Two people's ratings of the same documents are both there, and the page says so."""
    page = open_step("Query set")
    rows = [f"tent,{name},{rater},1" for name in ("t1", "t2") for rater in ("Ann", "Ben")]
    upload(page, ("ratings.csv", "\n".join(["query,docid,rater,rating", *rows, "tent,t1,Cleo,3"]).encode()))
    assert "ratings.csv: Ratings of each rater, 1 query, 5 ratings by 3 raters" in words(page)
