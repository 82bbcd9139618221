from shared.figures.scores import Told, scores


def test_scores_are_counted_and_spread():
    made = scores([Told("3"), Told("1"), Told(" 3 "), Told("10"), Told("good"), Told(None), Told(" ")])
    assert made.counted == 7
    assert made.distribution == (("1", 1), ("3", 2), ("10", 1), ("good", 1))
    assert made.without_score == 2


def test_only_what_is_reported_and_approved_counts():
    made = scores([Told("3", approved=False), Told(None, reported=False), Told("2")])
    assert (made.counted, made.distribution, made.without_score) == (1, (("2", 1),), 0)


def test_nothing_told_is_no_score():
    assert (scores([]).counted, scores([]).distribution) == (0, ())


def test_a_score_is_a_name():
    assert scores([Told("3"), Told("3.0")]).distribution == (("3", 1), ("3.0", 1))
