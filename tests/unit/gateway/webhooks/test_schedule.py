"""When a delivery that failed is tried again."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.webhooks.schedule import (
    MANY_FAILURES,
    MOST_HOLD,
    RETRY_SECONDS,
    asked_seconds,
    hold_after,
    is_success,
    pause_after,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = 86400


def test_the_published_schedule_is_three_days():
    assert sum(RETRY_SECONDS) == pytest.approx(3 * DAY, rel=0.02)
    assert list(RETRY_SECONDS) == sorted(RETRY_SECONDS)


@pytest.mark.parametrize(
    ("attempts", "asked", "chance", "pause"),
    [
        (1, 0, 0, 5),
        (1, 0, 1, 5.5),
        (1, 60, 0, 60),
        (1, 10 * DAY, 0, DAY),
        (2, 1, 0, 30),
        (len(RETRY_SECONDS), 0, 0, RETRY_SECONDS[-1]),
        (len(RETRY_SECONDS) + 1, 0, 0, None),
        (len(RETRY_SECONDS) + 1, 60, 0, None),
    ],
)
def test_the_pause_follows_the_schedule_and_what_is_asked(attempts, asked, chance, pause):
    assert pause_after(attempts, RETRY_SECONDS, asked=asked, chance=chance) == pytest.approx(pause)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, 0),
        ("", 0),
        ("120", 120),
        (" 7 ", 7),
        ("-1", 0),
        ("1.5", 0),
        ("soon", 0),
        ("99999999999999999999", DAY),
        ("Sun, 01 Mar 2026 12:01:00 GMT", 60),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0),
        ("Sun, 01 Mar 2099 12:00:00 GMT", DAY),
        ("Sun, 99 Mar 2026 12:00:00 GMT", 0),
    ],
)
def test_retry_after_is_read_as_number_or_date_and_bounded(header, seconds):
    assert asked_seconds(header, NOW) == seconds


def test_an_endpoint_that_fails_as_a_whole_is_left_alone_for_longer_and_longer():
    assert hold_after(MANY_FAILURES - 1, RETRY_SECONDS) == 0
    holds = [hold_after(MANY_FAILURES + more, RETRY_SECONDS) for more in range(8)]
    assert holds[:4] == [5, 10, 20, 40]
    assert holds[-1] == MOST_HOLD * 5 == timedelta(minutes=1).total_seconds()


def test_only_2xx_is_success():
    assert [status for status in range(100, 600) if is_success(status)] == list(range(200, 300))
