"""What many streams read at the same moment is read once."""

import asyncio
from typing import Any

import pytest

from gateway.feed.sharing import MOST_KEPT, Once


class Moving:
    def __init__(self) -> None:
        self.moved = asyncio.Event()

    def next_move(self) -> asyncio.Event:
        return self.moved


class Reads:
    def __init__(self) -> None:
        self.count = 0
        self.fails = False

    async def __call__(self) -> int:
        self.count += 1
        await asyncio.sleep(0)
        if self.fails:
            raise ConnectionError
        return self.count


async def test_a_read_is_made_once_until_there_is_a_move():
    model: Any = Moving()
    once, read = Once(model), Reads()
    assert await asyncio.gather(*(once.get("one", read) for _ in range(5))) == [1] * 5
    assert await once.get("one", read) == 1
    assert await once.get("other", read) == 2
    model.moved = asyncio.Event()
    assert await once.get("one", read) == 3


async def test_a_read_that_failed_is_made_again_and_little_is_kept():
    model: Any = Moving()
    once, read = Once(model), Reads()
    read.fails = True
    with pytest.raises(ConnectionError):
        await once.get("one", read)
    read.fails = False
    assert await once.get("one", read) == 2
    for number in range(MOST_KEPT):
        await once.get(number, read)
    assert await once.get("one", read) == 2 + MOST_KEPT + 1


async def test_who_gives_up_breaks_nothing_off_for_others():
    model: Any = Moving()
    once, read = Once(model), Reads()
    first = asyncio.create_task(once.get("one", read))
    await asyncio.sleep(0)
    first.cancel()
    assert await once.get("one", read) == 1
