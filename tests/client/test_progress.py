"""How far it is, is told as it fits where it is told."""

import io

from devcoop_client.progress import meter


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def told(stream: io.StringIO, *, silent: bool = False) -> str:
    bar = meter("pushed", stream, silent=silent)
    for done in range(10):
        bar.at(done, 10)
    bar.at(10, 10, "the link was cut")
    bar.close()
    return stream.getvalue()


def test_a_terminal_has_a_bar():
    assert "pushed" in told(Terminal())


def test_elsewhere_there_is_a_line_now_and_then():
    assert told(io.StringIO()) == "pushed: 0 of 10\npushed: 10 of 10 (the link was cut)\n"


def test_a_program_is_told_nothing():
    assert told(io.StringIO(), silent=True) == ""
