"""Which labels of the last night would change, and how, from identity, label and confidence alone."""

from typing import TYPE_CHECKING

from markupsafe import Markup

from nightlabel.propose.escape import count, fixed, name, number, share
from nightlabel.propose.section import Section

if TYPE_CHECKING:
    import pandas as pd

MOST_EXAMPLES = 10
NOT_YET = Markup("No night has been labelled yet, so that no label would change.")


def label_changes(changes: "pd.DataFrame | None", night: str) -> Section:
    """Count the labels of the last night that would change, by what they change to."""
    title = "Labels of the last night that would change"
    if changes is None:
        return Section(title=title, lead=NOT_YET, folded=False)
    moved = _moved(changes)
    counts = moved.groupby(["old_label", "new_label"], as_index=False).size()
    most_first = counts.sort_values("size", ascending=False, kind="stable")
    return Section(
        title=title,
        lead=_told(len(moved), len(changes), night),
        head=("label now", "would become", "records", "share"),
        align="llrr",
        rows=[
            (name(old), name(new), count(records), share(records / len(changes)))
            for old, new, records in most_first.itertuples(index=False, name=None)
        ],
        folded=False,
    )


def label_examples(changes: "pd.DataFrame | None") -> Section:
    """Show some records whose label would change, the new model's surest first."""
    moved = _moved(changes).head(MOST_EXAMPLES) if changes is not None else None
    rows = [] if moved is None else list(moved.itertuples(index=False, name=None))
    return Section(
        title="Examples of labels that would change",
        lead=Markup("The surest first. Look the records up by file and row.") if rows else Markup("None."),
        head=("file", "row", "label now", "confidence", "would become", "confidence"),
        align="lrlrlr",
        rows=[
            (
                name(str(source).rsplit("/", 1)[-1]),
                number(row, 0),
                name(old),
                number(old_confidence, 2),
                name(new),
                number(new_confidence, 2),
            )
            for source, row, old, old_confidence, new, new_confidence in rows
        ],
    )


def changed_share(changes: "pd.DataFrame | None") -> float | None:
    """Give the share of the last night's labels that would change, 0 to 1."""
    return None if changes is None or changes.empty else len(_moved(changes)) / len(changes)


def _moved(changes: "pd.DataFrame") -> "pd.DataFrame":
    known = changes[["source", "row", "old_label", "old_confidence", "new_label", "new_confidence"]]
    known = known.assign(
        old_label=known["old_label"].astype(object).where(known["old_label"].notna(), "(none)"),
        new_label=known["new_label"].astype(object).where(known["new_label"].notna(), "(none)"),
        old_confidence=known["old_confidence"].astype(float),
        new_confidence=known["new_confidence"].astype(float),
    )
    moved = known[known["old_label"] != known["new_label"]]
    return moved.sort_values("new_confidence", ascending=False, kind="stable")


def _told(moved: int, records: int, night: str) -> Markup:
    if not records:
        return fixed("The last night, {}, has no labelled records.", night)
    words = "Night {}: **{}** of {} labelled records would get another label ({})."
    return fixed(words, night, count(moved), count(records), share(moved / records))
