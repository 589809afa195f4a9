"""The comment on a proposal: was it had again, and how it stands against the champion.

GitHub shows no ``data:`` address, and a picture elsewhere would need a host. What it draws by itself is a
Mermaid chart, of numbers alone; bars of block characters show where it does not.
"""

from collections.abc import Iterator

from markupsafe import Markup

from nightlabel.propose.escape import NOTHING, count, fixed, name, number, prose
from nightlabel.propose.reproduction import TOLERANCES, Check, Comparison, off_by
from nightlabel.propose.section import Row, Section

MARKER = "<!-- nightlabel: reproduction -->"
"""First line of the comment, by which the next one finds it; GitHub does not show it."""
METRICS = {
    "accuracy": "accuracy",
    "top3": "right class among the first three",
    "log_loss": "log loss",
    "calibration_error": "calibration error",
    "macro_f1": "macro F1, all classes",
}
_CHARTED = 12  # classes that a chart can name
_BAR = 20  # block characters of a whole bar


def render(check: Check) -> str:
    """Write the comment of a check; its words from outside are words, and nothing else.

    Args:
        check: What was found.
    """
    parts = [MARKER, _head(check), _decision(check)]
    if check.comparison:
        parts += [_table(check.comparison), _gates(check.comparison), _chart(check.comparison)]
        parts += [_classes(check.comparison)]
    parts.append(fixed("Checked at commit {}.", check.commit))
    return "\n\n".join(str(part) for part in parts if part) + "\n"


def _head(check: Check) -> Markup:
    mark = "❌" if check.faults else "✅"
    told = "not reproduced" if check.faults else "reproduced"
    return fixed(f"## {mark} {{}}: {told}", check.usecase or "proposal")


def _decision(check: Check) -> Markup:
    if not check.faults:
        return Markup("Trained again from the data version and `params.toml` alone: the figures stand.")
    listed = Markup("\n").join(Markup("- ") + prose(fault) for fault in check.faults[:20])
    return Markup("**Do not merge.** What was proposed was not had again:\n\n") + listed


def _table(comparison: Comparison) -> Markup:
    version = f"champion {comparison.champion.version}" if comparison.champion else "champion"
    section = Section(
        title="",
        lead=Markup(),
        head=("on the frozen holdout", "proposed", "reproduced", "apart", "allowed", version),
        align="lrrrrr",
        rows=[_metric(key, words, comparison) for key, words in METRICS.items()],
    )
    rows = fixed("{} holdout rows, the same for all three.", count(comparison.reproduced.rows))
    return Markup("\n\n").join([section.table(len(METRICS)), rows])


def _metric(key: str, words: str, comparison: Comparison) -> Row:
    off, allowed = off_by(comparison)[key], TOLERANCES[key]
    mark = Markup(" ❌") if abs(off) > allowed else Markup()
    standing = comparison.champion.metrics.get(key) if comparison.champion else None
    return (
        fixed(words),
        number(comparison.proposed.metrics[key], 4),
        number(comparison.reproduced.metrics[key], 4),
        number(off, 4, signed=True) + mark,
        number(allowed),
        number(standing, 4),
    )


def _gates(comparison: Comparison) -> Markup:
    if comparison.outcome == "promote":
        return Markup("All gates are open again.")
    return fixed("The gates say **{}**.", Markup(comparison.outcome))  # noqa: S704 - one of three words


def _chart(comparison: Comparison) -> Markup:
    """Draw F1 of the largest classes: bars are the new model, the line is the champion."""
    shown = comparison.classes[:_CHARTED]
    if not shown:
        return Markup()
    meaning = ": bars new, line champion" if comparison.champion else ""
    lines = [
        "```mermaid",
        "xychart-beta",
        f'    title "F1 of the largest classes{meaning}"',
        f"    x-axis [{', '.join(str(at + 1) for at in range(len(shown)))}]",
        '    y-axis "F1" 0 --> 1',
        f"    bar [{', '.join(f'{min(one.new, 1):.3f}' for one in shown)}]",
    ]
    if comparison.champion:
        lines.append(f"    line [{', '.join(f'{min(one.current or 0, 1):.3f}' for one in shown)}]")
    return Markup("\n".join([*lines, "```"]))  # noqa: S704 - numbers alone


def _classes(comparison: Comparison) -> Markup:
    section = Section(
        title="",
        lead=Markup(),
        head=("", "class", "rows", "new F1", "", "champion's F1"),
        align="rlrrlr",
        rows=list(_class_rows(comparison)),
    )
    table = section.table(len(comparison.classes))
    if not table:
        return table
    head = Markup("<details>\n<summary>F1 of every class, the largest first</summary>\n\n")
    return head + table + Markup("\n\n</details>")


def _class_rows(comparison: Comparison) -> Iterator[Row]:
    for at, one in enumerate(comparison.classes):
        current = number(one.current) if one.current is not None else NOTHING
        yield number(at + 1, 0), name(one.name), count(one.rows), number(one.new), _bar(one.new), current


def _bar(value: float) -> Markup:
    filled = round(min(value, 1) * _BAR)
    return Markup("█" * filled + "░" * (_BAR - filled))  # noqa: S704 - blocks
