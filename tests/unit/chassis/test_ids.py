import time
from uuid import RFC_4122

from shared.chassis.ids import uuid7


def test_an_id_is_a_uuid_of_version_7():
    made = uuid7()
    assert (made.version, made.variant) == (7, RFC_4122)


def test_an_id_tells_its_millisecond():
    before = time.time_ns() // 1_000_000
    made = uuid7()
    after = time.time_ns() // 1_000_000
    assert before <= made.int >> 80 <= after


def test_later_ids_are_greater():
    first = uuid7()
    time.sleep(0.002)
    assert first < uuid7()


def test_no_two_ids_are_alike():
    assert len({uuid7() for _ in range(10_000)}) == 10_000
