"""A link is tried again after longer and longer waits, and uploads fit the link."""

import random

from devcoop_client import Backoff, ChunkSize


def test_waits_double_to_the_longest_and_then_it_is_given_up():
    backoff = Backoff(first=1, longest=10, most=6, draw=lambda: 0.0)
    assert [backoff.failed() for _ in range(7)] == [1, 2, 4, 8, 10, 10, None]


def test_chance_takes_up_to_a_half_off():
    draw = random.Random(1).random  # noqa: S311
    waits = [Backoff(first=8, draw=draw).failed() for _ in range(200)]
    assert 4 <= min(waits) < 4.5
    assert 7.5 < max(waits) <= 8


def test_a_success_begins_again():
    backoff = Backoff(first=1, most=2, draw=lambda: 0.0)
    assert backoff.failed() == 1
    backoff.succeeded()
    assert [backoff.failed() for _ in range(3)] == [1, 2, None]


def test_what_the_server_asks_for_is_the_least():
    assert Backoff(first=1, draw=lambda: 0.0).failed(at_least=30) == 30


def test_an_upload_that_was_not_full_proves_nothing():
    chunk = ChunkSize(lines=50)
    chunk.held(20)
    assert chunk.lines == 50
    for _ in range(9):
        chunk.held(chunk.lines)
    assert chunk.lines == chunk.most
    for _ in range(9):
        chunk.was_cut()
    assert chunk.lines == 8


def test_the_most_that_was_asked_for_is_never_passed():
    chunk = ChunkSize(lines=3, most=3)
    chunk.held(3)
    assert chunk.lines == 3
    chunk.was_cut()
    assert chunk.lines == 3
