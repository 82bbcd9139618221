"""How many commands go into one upload: few over a link that is cut, many over one that holds."""

from dataclasses import dataclass

FEWEST = 8
MOST = 400
MOST_BYTES = 256 * 1024
"""Of one upload, before it is compressed."""


@dataclass
class ChunkSize:
    """Doubles with each upload that came through whole, and halves with each that was cut."""

    lines: int = 50
    most: int = MOST

    def held(self, lines: int) -> None:
        """Note that an upload of so many lines came through; one that was not full proves nothing."""
        if lines >= self.lines:
            self.lines = min(self.most, self.lines * 2)

    def was_cut(self) -> None:
        """Note that an upload was cut."""
        self.lines = max(min(FEWEST, self.most), self.lines // 2)
