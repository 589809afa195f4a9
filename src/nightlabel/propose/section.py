"""One part of a report, and its Markdown."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

Row = tuple[Markup, ...]
_RULES = {"l": ":---", "r": "---:", "c": ":---:"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A title, a few words, and one table.

    Attributes:
        title: Fixed words and numbers, nothing from outside.
        lead: The words above the table.
        head: Names of the columns.
        align: ``l``, ``r`` or ``c`` for each column.
        rows: The cells, safe Markdown.
        folded: A reader opens it by a click.
    """

    title: str
    lead: Markup
    head: tuple[str, ...] = ()
    align: str = ""
    rows: Sequence[Row] = field(default_factory=tuple)
    folded: bool = True

    def table(self, longest: int) -> Markup:
        """Give the table with its first rows."""
        if not self.rows or not longest:
            return Markup()
        rules = [_RULES[one] for one in self.align]
        lines = [self.head, rules, *self.rows[:longest]]
        return Markup("\n".join(f"| {' | '.join(line)} |" for line in lines))  # noqa: S704 - cells are safe

    def left_out(self, longest: int) -> int:
        """Give the number of rows that a table of that length leaves out."""
        return max(0, len(self.rows) - longest)
