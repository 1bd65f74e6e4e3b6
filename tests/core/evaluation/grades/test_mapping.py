"""What people write as ratings, and the grades that stand for it."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerank_core.errors import InvalidRequestError
from rerank_core.evaluation import measure
from rerank_core.evaluation.formats.reading import read
from rerank_core.evaluation.grades.mapping import are_ratings, map_ratings, turned_round


def grades(*values: str) -> list[int | None]:
    """The grades of values in their order; nothing where some are unclear."""
    found = map_ratings(values).grades
    return [found[value.strip()] for value in values if value.strip() in found]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        # numbers
        (["3", "0", " 2 ", "-1"], [3, 0, 2, -1]),
        (["3.000", "100.000"], [3, 100]),
        (["1.0", "0.7", "0.1", "0.5", "0.0"], [10, 7, 1, 5, 0]),
        (["0,5", "1", "0"], [1, 2, 0]),
        (["0,384", "1,000"], [38, 100]),
        (["0.384", "1.0", "0.0"], [38, 100, 0]),
        (["2.67", "0.33", "1"], [8, 1, 3]),
        (["500", "20", "0"], [100, 4, 0]),
        (["3 - Perfect", "0 (not relevant)", "1"], [3, 0, 1]),
        # percent, points, stars
        (["100%", "70%", "0%"], [3, 2, 0]),
        (["100 %", "33,3 %", "0"], [3, 1, 0]),
        (["90%", "80%", "70%"], [90, 80, 70]),
        (["4/5", "1/5"], [4, 1]),
        (["4 von 5", "2 sur 5", "1 out of 5 stars"], [4, 2, 1]),
        (["4/5", "3/10"], [8, 3]),
        (["3.5/5", "1/5"], [7, 2]),
        (["★★★", "★"], [3, 1]),
        (["★★★☆☆", "☆☆☆☆☆"], [3, 0]),
        (["⭐️⭐️", "⭐️"], [2, 1]),
        (["***", "*"], [3, 1]),
        (["4 stars", "1 Stern", "2 étoiles"], [4, 1, 2]),
        (["★★½", "★"], [5, 2]),
        # marks
        (["x"], [1]),
        (["✓", "x"], [1, 0]),
        (["✔️", "❌"], [1, 0]),
        (["👍", "👎🏽"], [1, 0]),
        (["thumbs up", "Thumbs_Down"], [1, 0]),
        (["+", "-"], [1, 0]),
        # letters and words
        (["E", "S", "C", "I"], [3, 2, 1, 0]),
        (["Exact", "Substitute", "Complement", "Irrelevant"], [3, 2, 1, 0]),
        (["Exact", "Partial", "Irrelevant"], [3, 1, 0]),
        (["Perfect", "Excellent", "Good", "Fair", "Bad"], [4, 3, 2, 1, 0]),
        (["yes", "No"], [1, 0]),
        (["y", "n"], [1, 0]),
        (["TRUE", "FALSE"], [1, 0]),
        (["yes", "partly", "no"], [2, 1, 0]),
        (["ja", "nein", "teilweise"], [2, 0, 1]),
        (["WAHR", "FALSCH"], [1, 0]),
        (["oui", "non", "peut-être"], [2, 0, 1]),
        (["sí", "no", "en parte"], [2, 0, 1]),
        (["sì", "no", "un po'"], [2, 0, 1]),
        (["sim", "não", "talvez"], [2, 0, 1]),
        (["ja", "nee", "deels"], [2, 0, 1]),
        (["sehr relevant", "relevant", "nicht relevant"], [3, 2, 0]),
        (["très pertinent", "peu pertinent", "hors sujet"], [3, 1, 0]),
        # no rating
        (["3", "n/a", "-"], [3, None, None]),
        ([], []),
    ],
)
def test_all_values_of_a_column_become_grades(values: list[str], expected: list[int | None]) -> None:
    """Numbers of every kind, stars, marks, letters and words in seven languages."""
    assert grades(*values) == expected


@pytest.mark.parametrize(
    ("values", "unclear"),
    [
        (["3", "lovely"], ["lovely"]),
        (["A", "B", "C"], ["A", "B", "C"]),
        (["high", "low"], ["high", "low"]),
        (["2024", "2025"], ["2024", "2025"]),
        (["1", "2", "200"], ["1", "2", "200"]),
        (["3-4", "3 - Good"], ["3-4"]),
        (["yes", "highly relevant"], ["highly relevant"]),
        (["1e999999999", "1"], ["1e999999999"]),
        (["1,000", "1"], ["1,000"]),
        (["6/5", "1/5"], ["6/5"]),
        (["1/7", "1/11", "1/13"], ["1/7", "1/11", "1/13"]),
        (["[{'rating': 4}]"], ["[{'rating': 4}]"]),
    ],
)
def test_one_value_that_is_not_known_leaves_all_of_them_out(values: list[str], unclear: list[str]) -> None:
    """A part of the ratings would be a choice that nobody made; what is known is proposed."""
    found = map_ratings(values)
    assert (found.grades, list(found.unclear), found.said) == ({}, unclear, "")
    assert found.proposed.keys() == {*values} - {*unclear}
    assert not are_ratings(values)


def test_how_ratings_became_grades_is_said_once() -> None:
    """Whole numbers need no word; everything else gets a sentence."""
    assert map_ratings(["3", "0"]).said == ""
    assert map_ratings(["0.7", "1.0"]).said == (
        "The ratings have fractions. All of them are taken times 10, which leaves nDCG as it is: '0.7' counts as 7. "
        "From 1 on a document counts as relevant."
    )
    assert map_ratings(["ja", "nein"]).said == "The ratings are words, which count as grades: 'ja' as 1, 'nein' as 0."
    assert map_ratings(["3", "n/a"]).said == "'n/a' counts as no rating."


def test_a_person_says_what_a_value_stands_for() -> None:
    """By hand some values or all; what is left is read without them; a grade that no measure takes is refused."""
    found = map_ratings(["lovely", "3", "0", "skip"], {"lovely": 2, "3": 3, "skip": None})
    assert found.grades == {"lovely": 2, "3": 3, "0": 0, "skip": None}
    assert found.said == "Mapped by hand: '3' as 3, 'lovely' as 2, 'skip' as no rating."
    with pytest.raises(ValueError, match="not between -127 and 127"):
        map_ratings(["a"], {"a": 128})


NUMBERS = st.one_of(
    st.integers(-127, 127).map(str),
    st.decimals(0, 10, places=1).map(str),
    st.decimals(0, 1, places=2).map(str),
    st.decimals(0, "0.999", places=3).map(lambda number: str(number).replace(".", ",")),
)


@given(st.lists(NUMBERS, min_size=1, max_size=30))
def test_a_larger_number_never_gets_a_smaller_grade(values: list[str]) -> None:
    """Whatever the scale, the order stays, and every grade is one that measures take."""
    found = map_ratings(values)
    ordered = sorted(found.grades, key=lambda value: float(value.replace(",", ".")))
    given = [found.grades[value] for value in ordered]
    assert not found.unclear
    assert all(isinstance(grade, int) and -127 <= grade <= 127 for grade in given)
    assert given == sorted(given, key=lambda grade: grade or 0)


@given(st.lists(st.integers(0, 100), min_size=1, max_size=20), st.sampled_from(["%", " %", "/100", " out of 100"]))
def test_percent_and_points_keep_their_order_without_ties(numbers: list[int], ending: str) -> None:
    """Two that differ get two grades that differ."""
    found = map_ratings([f"{number}{ending}" for number in numbers]).grades
    ordered = [found[f"{number}{ending}"] for number in sorted(set(numbers))]
    assert ordered == sorted(set(ordered), key=lambda grade: grade or 0)


KNOWN = st.sampled_from(["3", "0.5", "4/5", "50%", "★★", "x", "👍", "ja", "no", "E", "good", "n/a", "-", "lovely", ""])


@given(st.lists(st.one_of(KNOWN, st.text(string.printable, max_size=12), st.text(max_size=6)), max_size=12))
def test_all_or_nothing(values: list[str]) -> None:
    """Of any values either all have a grade (or are no rating) or none has, and then the unclear ones are named."""
    found = map_ratings(values)
    distinct = {value.strip() for value in values if value.strip()}
    if found.unclear:
        assert not found.grades
        assert {*found.unclear} | found.proposed.keys() == distinct
        assert not {*found.unclear} & found.proposed.keys()
    else:
        assert found.grades.keys() == distinct
    # nothing that a person maps stays unclear
    assert not map_ratings(values, dict.fromkeys(distinct, 1)).unclear


@given(st.lists(st.one_of(KNOWN, st.text(max_size=6)), min_size=1, max_size=8, unique=True))
def test_the_order_of_the_rows_changes_no_grade(values: list[str]) -> None:
    """The whole column counts, not the place of a value in it."""
    assert map_ratings(values).grades == map_ratings(values[::-1]).grades


MEANS = "query,docid,rating\nlaptop,B01,2.67\nlaptop,B02,0.33\nlaptop,B03,1\n"


def test_means_of_three_raters_give_the_ndcg_of_their_fractions() -> None:
    """nDCG by hand from the fractions themselves: gains 1, 2.67, 0.33 at the ranks 1, 2 and 3."""
    imported = read("judgments.csv", MEANS.encode())
    found = measure(imported.judgments, {"laptop": ["B03", "B01", "B02"]}, ["nDCG@10"])["nDCG@10"].mean
    discount = (1.0, 0.6309297535714575, 0.5)
    right = sum(gain * part for gain, part in zip((1, 2.67, 0.33), discount, strict=True))
    best = sum(gain * part for gain, part in zip((2.67, 1, 0.33), discount, strict=True))
    assert found == pytest.approx(right / best, abs=0.001)


FORMATS = {
    "ratings.csv": "query,docid,rating\nq,a,{}\nq,b,{}\n",
    "table.csv": "query,id,document,relevance_label\nq,a,one,{}\nq,b,two,{}\n",
    "book.csv": "query,docid,Ann\nq,a,{}\nq,b,{}\n",
    "a.qrels": "q 0 a {}\nq 0 b {}\n",
    "beir.tsv": "query-id\tcorpus-id\tscore\nq\ta\t{}\nq\tb\t{}\n",
    "ltr.txt": "{} qid:q # a\n{} qid:q # b\n",
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_reads_ratings_alike(name: str) -> None:
    """Fractions are scaled, one unknown value leaves all out, and a mapping by hand brings them in."""
    fractions = read(name, FORMATS[name].format("0.5", "1.0").encode())
    assert fractions.judgments == {"q": {"a": 1, "b": 2}}
    assert "times 2" in fractions.rating_note
    data = FORMATS[name].format("3", "lovely").encode()
    unclear = read(name, data, fractions.kind)
    assert (unclear.judgments, unclear.raters, unclear.unmapped) == ({}, {}, True)
    assert unclear.rating_values == {"3": 1, "lovely": 1}
    assert unclear.rating_grades == {"3": 3}
    assert "'lovely' (1)" in next(reason for line, reason in unclear.problems if line == 0)
    mapped = read(name, data, fractions.kind, columns={"ratings": '{"lovely": 2}'})
    assert (mapped.judgments, mapped.unmapped) == ({"q": {"a": 3, "b": 2}}, False)


def test_a_mapping_that_is_none_is_refused() -> None:
    """Anything but an object of values and whole numbers gets a sentence."""
    for wrong in ("[", "[]", '{"a": 1.5}', '{"a": 500}', '{"a": true}', "[" * 5000):
        with pytest.raises(InvalidRequestError, match="values and whole numbers"):
            read("a.csv", b"query,docid,rating\nq,a,3\n", columns={"ratings": wrong})


def test_a_name_that_may_mean_remarks_is_judged_by_what_stands_below_it() -> None:
    """A column "Note" is a rating in one file and a remark in another."""
    rated = read("a.csv", b"query,document,Note\nq,one,3\nq,two,1\n")
    assert (rated.chosen["rating"], rated.judgments) == ("Note", {"q": {"one": 3, "two": 1}})
    assert any("'Note' was read as the ratings" in note for note in rated.reading_notes)
    remarks = read("a.csv", b"query,document,Note\nq,one,see the manual\nq,two,too long\n")
    assert ("rating" in remarks.chosen, remarks.judgments) == (False, {})


@pytest.mark.parametrize("column", ["relevance_label", "gain", "human_rating", "Bewertung", "esci_label", "Relevanz"])
def test_a_column_of_labels_is_known_by_its_usual_names(column: str) -> None:
    """Beside query and docid it is the rating, and no rater of that name."""
    imported = read("labels.csv", f"query,docid,{column}\nq,a,3\nq,b,0\n".encode())
    assert (imported.judgments, imported.raters) == ({"q": {"a": 3, "b": 0}}, {})


def test_the_smallest_can_be_the_best() -> None:
    """The largest becomes 0; the order is turned round and ties stay."""
    assert turned_round({"1": 2, "2,5": 5, "6": 12}) == {"1": 10, "2,5": 7, "6": 0}
    assert turned_round({}) == {}
    with pytest.raises(ValueError, match="further apart"):
        turned_round({"low": -100, "high": 100})


@given(st.dictionaries(st.text(max_size=4), st.integers(-60, 60), min_size=1))
def test_turning_round_twice_gives_the_same_distances(grades: dict[str, int]) -> None:
    """Between any two values the distance is kept and its sign changed; none is below 0."""
    turned = turned_round(grades)
    first = next(iter(grades))
    assert all(turned[first] - turned[other] == grades[other] - grades[first] for other in grades)
    assert min(turned.values()) == 0
