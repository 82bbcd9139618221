import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.imports.iati.problems import Problem
from gateway.imports.iati.reader import Item, read
from gateway.imports.iati.scan import scan

Activity = Callable[..., str]
Items = Callable[..., list[Item]]
One = Callable[[str], Item]

BEYOND = 70_000
"""More lines than the parser counts."""


def codes(found: tuple[Problem, ...]) -> list[str]:
    return [problem.code for problem in found]


def test_a_bad_activity_costs_no_good_one(activity: Activity, items: Items):
    bad = "<iati-activity><colour/></iati-activity>"
    read_items = items(activity("1") + bad + activity("2") + "<iati-activity/>" + activity("3"))
    assert [item.ordinal for item in read_items] == [1, 2, 3, 4, 5]
    assert [item.identifier for item in read_items] == ["1", None, "2", None, "3"]
    assert [item.content is None for item in read_items] == [False, True, False, True, False]
    assert [bool(item.problems) for item in read_items] == [False, True, False, True, False]
    assert codes(read_items[1].problems) == ["missing-identifier", "schema-invalid"]


@pytest.mark.parametrize(
    ("identifier", "code"),
    [
        ("", "missing-identifier"),
        (" \n ", "missing-identifier"),
        ("<!-- AA-1 -->", "missing-identifier"),
        ("A" * 251, "invalid-identifier"),
        ("AA\t1", "invalid-identifier"),
        ("AA\n1", "invalid-identifier"),
        ("AA&#127;1", "invalid-identifier"),
    ],
)
def test_an_activity_without_a_good_identifier_is_refused(
    identifier: str, code: str, activity: Activity, item: One
):
    read_item = item(activity(identifier))
    assert (read_item.identifier, read_item.content) == (None, None)
    assert read_item.problems[0].code == code
    assert read_item.problems[0].xpath == "/iati-activities/iati-activity[1]/iati-identifier"


@pytest.mark.parametrize(
    ("identifier", "known"),
    [
        (" AA-1\n", "AA-1"),
        ("US-GOV-17-FMCS IAA 2012", "US-GOV-17-FMCS IAA 2012"),
        ("A<!-- c -->A-<![CDATA[<1>]]>&amp;", "AA-<1>&"),
        ("Ж" * 250, "Ж" * 250),
    ],
)
def test_an_identifier_loses_nothing_but_outer_blanks(
    identifier: str, known: str, activity: Activity, item: One
):
    read_item = item(activity(identifier))
    assert read_item.identifier == known
    parts = read_item.content
    assert {p.iati_identifier for p in (parts.activity, parts.finance, parts.framework)} == {known}


def test_of_activities_with_one_identifier_the_first_counts(activity: Activity, items: Items):
    read_items = items(activity("AA-1") + activity("aa-1") + activity(" AA-1 ") + activity("BB-1"))
    assert [codes(item.problems) for item in read_items] == [[], [], ["duplicate-identifier"], []]
    assert read_items[2].identifier == "AA-1"


def test_a_refused_activity_does_not_keep_a_good_one_of_its_identifier_out(activity: Activity, items: Items):
    content = activity("AA-1", more="<colour/>") + activity("AA-1") + activity("AA-1")
    first, second, third = items(content)
    assert codes(first.problems) == ["schema-invalid"]
    assert second.problems == ()
    assert codes(third.problems) == ["duplicate-identifier"]


def test_blank_identifiers_do_not_repeat_each_other(activity: Activity, items: Items):
    assert [codes(item.problems) for item in items(activity("") + activity(""))] == [
        ["missing-identifier"]
    ] * 2


@pytest.mark.parametrize("skip", [0, 1, 3, 5, 9])
def test_skipping_goes_on_where_reading_stopped(skip: int, activity: Activity, items: Items):
    content = "".join(activity(name) for name in ("1", "2", "", "1", "3"))
    assert items(content, skip=skip) == items(content)[skip:]


def test_lines_and_paths_point_at_what_is_wrong(activity: Activity, items: Items):
    good = activity("1") + "\n"
    wrong = activity("2", more='\n<budget>\n<value value-date="x">1</value>\n</budget>\n<colour/>')
    _, read_item = items(good + wrong)
    below = "/iati-activities/iati-activity[2]"
    begin = 2 + good.count("\n")
    assert read_item.line == begin
    assert [(problem.line, problem.xpath) for problem in read_item.problems] == [
        (begin + 9, f"{below}/budget/value"),
        (begin + 11, f"{below}/colour"),
    ]


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_any_line_ends_count_as_an_editor_counts_them(ends: str, activity: Activity, items: Items):
    text = f'<?xml version="1.0"?>\n<iati-activities\nversion="2.03">\n{activity("1")}\n'
    text += activity("", more='\n<recipient-country code="KE"><narrative/></recipient-country>')
    _, second = items((text + "\n</iati-activities>").replace("\n", ends).encode())
    begin = 4 + activity().count("\n") + 1
    assert second.line == begin
    assert second.problems[0].line == begin + 1
    (first,) = items(
        (text.replace("<iati-identifier></", "<iati-identifier>2</") + "</iati-activities>")
        .replace("\n", ends)
        .encode(),
        skip=1,
    )
    assert [(note.code, note.line) for note in first.notices] == [("blank-narrative-dropped", begin + 8)]


def test_lines_are_right_far_into_a_file(activity: Activity, items: Items):
    content = activity("1") + "\n" * BEYOND + activity("2", more="<colour/>") + activity("1")
    _, second, third = items(content)
    begin = 2 + activity().count("\n") + BEYOND
    assert (second.line, second.problems[0].line) == (begin, begin + activity().count("\n") - 1)
    assert (third.line, third.problems[0].line) == (
        begin + activity().count("\n"),
        begin + activity().count("\n") + 1,
    )


def test_lines_are_right_far_into_an_activity(activity: Activity, item: One):
    lines = "\n" * BEYOND
    notices = item(activity(title=f"<narrative>x{lines}</narrative><narrative/>\n<narrative/>")).notices
    assert [(note.line, note.xpath) for note in notices] == [
        (5 + BEYOND, "/iati-activities/iati-activity[1]/title/narrative[2]"),
        (6 + BEYOND, "/iati-activities/iati-activity[1]/title/narrative[3]"),
    ]
    (problem,) = item(activity(title=f"<!--{lines}--><narrative>x</narrative>", more="<colour/>")).problems
    assert (problem.line, problem.xpath) == (9 + BEYOND, "/iati-activities/iati-activity[1]/colour")


def test_a_root_element_over_lines_shifts_no_line(activity: Activity, items: Items):
    (item,) = items(f'<iati-activities\n\n version="2.03"\n>{activity("")}</iati-activities>'.encode())
    assert (item.line, item.problems[0].line) == (4, 5)


def test_of_very_many_faults_the_first_are_listed_and_the_rest_counted(activity: Activity, item: One):
    problems = item(activity(more='<sector code="1" percentage="x"/>' * 60)).problems
    assert codes(problems) == ["schema-invalid"] * 50 + ["more-problems"]
    notices = item(activity(title="<narrative>x</narrative>" + "<narrative/>" * 30)).notices
    assert codes(notices) == ["blank-narrative-dropped"] * 21
    assert notices[-1].reason == "And 10 more of this kind."


@pytest.mark.parametrize(
    "hidden",
    [
        "<!-- </iati-activity> <iati-activity> -->",
        "<?old </iati-activity>?>",
        "<![CDATA[</iati-activity>]]>",
        '<x:iati-activity xmlns:x="urn:x"><x:iati-activity/></x:iati-activity>',
        '<iati-activity xmlns="urn:x" told="a > b"><iati-activity/></iati-activity >',
        '<iati-activity-log xmlns="urn:x"></iati-activity-log>',
    ],
)
def test_what_looks_like_an_end_tag_ends_nothing(hidden: str, activity: Activity, items: Items):
    title = f"<narrative>before {'' if hidden[1] != '!' else hidden}</narrative>"
    content = activity("1", title=title, more="" if hidden[1] == "!" else hidden) + activity("2")
    assert [(item.identifier, item.problems) for item in items(content)] == [("1", ()), ("2", ())]


@pytest.mark.parametrize(
    "tag",
    ["<iati-activity a=\"'/>'\" b='<'>", "<iati-activity\n>", "<iati-activity\t/>", "<iati-activity />"],
)
def test_start_tags_of_any_form_are_found(tag: str, activity: Activity, items: Items):
    if "<'" in tag:
        tag = tag.replace("<'", "&lt;'")
    content = tag + ("" if tag.endswith("/>") else "</iati-activity\n>") + activity("2")
    first, second = items(content)
    assert (bool(first.problems), second.identifier, second.problems) == (True, "2", ())


def test_comments_between_and_inside_activities_are_passed_over(activity: Activity, items: Items):
    title = "<!-- a --><narrative>Wa<!-- b -->t<?c?>er</narrative>"
    content = f"<!-- <iati-activity/> -->{activity(title=title)}<?pi <iati-activity/>?>"
    (item,) = items(content)
    assert item.content.activity.titles[0].text == "Water"
    assert [(note.code, note.reason[:2]) for note in item.notices] == [("comment-ignored", "3 ")]


def test_elements_and_attributes_of_other_namespaces_are_passed_over_and_flagged(
    activity: Activity, items: Items
):
    text = (
        '<iati-activities version="2.03" xmlns:usg="http://x.org/usg" usg:a="1">'
        + activity(
            attributes='usg:id="7" xml:lang="en"',
            title='<narrative usg:b="1">T</narrative><usg:note><usg:more/></usg:note>',
            more='<local xmlns="urn:x"><iati-identifier>ZZ</iati-identifier></local>',
        )
        + "<usg:end/></iati-activities>"
    )
    (item,) = items(text.encode())
    assert (item.identifier, item.content.activity.titles[0].text) == ("AA-1", "T")
    below = "/iati-activities/iati-activity[1]"
    assert [(note.code, note.reason, note.xpath) for note in item.notices] == [
        (
            "foreign-element-ignored",
            "2 elements of other namespaces are ignored: local, note.",
            f"{below}/title/usg:note",
        ),
        ("foreign-attribute-ignored", "2 attributes of other namespaces are ignored: b, id.", below),
    ]


def test_an_item_may_be_written_without_blanks_or_with_an_early_end(activity: Activity, items: Items):
    content = f'<iati-activities version="2.03">{activity("1")}{activity("2")}</iati-activities>'
    assert [item.identifier for item in items(content.replace("\n", "").encode())] == ["1", "2"]


def test_a_compressed_file_is_read_like_a_plain_one(activity: Activity, items: Items):
    content = f'<iati-activities version="2.03">{activity("1")}{activity("2")}</iati-activities>'.encode()
    assert items(gzip.compress(content)) == items(content)


def test_items_are_found_across_the_blocks_of_a_large_file(activity: Activity, items: Items):
    content = "".join(
        activity(str(n), title=f"<narrative>{'水' * (n % 97)}</narrative>" * 2) for n in range(1, 1500)
    )
    read_items = items(content)
    assert [item.identifier for item in read_items] == [str(n) for n in range(1, 1500)]
    assert not any(item.problems for item in read_items)
    assert all(len(item.content.activity.titles) == 2 for item in read_items if int(item.identifier) % 97)


def test_a_document_that_no_event_can_carry_is_refused(activity: Activity, items: Items):
    quotes = "<narrative>" + chr(34) * 9_000_000 + "</narrative>"
    large, fits = items(activity("1", title=quotes * 2) + activity("2", title=quotes))
    assert (codes(large.problems), large.content, large.identifier) == (["document-too-large"], None, "1")
    assert (fits.problems, len(fits.content.activity.titles[0].text)) == ((), 9_000_000)


def test_a_short_item_can_make_a_long_document(activity: Activity, item: One):
    attributes = f'default-currency="{"X" * 500}"'
    forecasts = '<forecast year="1" value-date="2020-01-01">1</forecast>' * 60_000
    more = f'<fss extraction-date="2020-01-01">{forecasts}</fss>'
    assert codes(item(activity(attributes=attributes, more=more)).problems) == ["document-too-large"]


def test_organisations_are_read_too(items: Items):
    organisation = """<iati-organisation default-currency="usd" xml:lang="fr">
<organisation-identifier>{}</organisation-identifier>
<name><narrative>Nom</narrative></name>
<reporting-org ref="XM-1" type="10"><narrative>Nom</narrative></reporting-org>
<total-budget><period-start iso-date="2020-01-01"/><period-end iso-date="2020-12-31"/>
<value value-date="2020-01-01">-5.50</value><budget-line ref="1">
<value value-date="2020-01-01" currency="EUR">0</value><narrative>Ligne</narrative></budget-line></total-budget>
</iati-organisation>"""
    identifiers = ("XM-1", "XM-1", "XM-2", "")
    content = "".join(map(organisation.format, identifiers))
    first, again, other, blank = items(
        f'<iati-organisations version="2.02">{content}</iati-organisations>'.encode()
    )
    assert (first.content.type, other.content.type, first.content.language) == ("10", None, "fr")
    (budget,) = first.content.budgets
    assert (budget.kind, str(budget.value.amount), budget.value.currency) == ("total", "-5.50", "USD")
    assert (str(budget.lines[0].value.amount), budget.lines[0].value.currency) == ("0", "EUR")
    assert codes(first.notices) == ["negative-budget"]
    assert codes(again.problems) == ["duplicate-identifier"]
    assert codes(blank.problems) == ["missing-identifier"]
    assert blank.problems[0].xpath == "/iati-organisations/iati-organisation[4]/organisation-identifier"


def test_only_one_item_is_held_at_a_time(activity: Activity, tmp_path: Path):
    path = tmp_path / "file.xml"
    path.write_text(f'<iati-activities version="2.03">{activity("1")}{activity("2")}</iati-activities>')
    reading = read(path, scan(path))
    assert next(reading).identifier == "1"
    reading.close()
