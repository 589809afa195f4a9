"""The report of a proposal: Markdown that a person can decide on, whatever the names in it hold."""

from collections.abc import Sequence
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from nightlabel.errors import RefusedError
from nightlabel.propose.changes import changed_share
from nightlabel.propose.escape import count, fixed, link, number, prose, safe, share
from nightlabel.propose.evidence import ReportInput
from nightlabel.propose.forge import MAX_BODY
from nightlabel.propose.section import Section
from nightlabel.propose.sections import sections

MOST_ROWS = 200
"""Rows of a table before anything is cut for the size of the whole."""
MOST_LINKS = 12
_MARKS = {"promote": Markup("✅"), "keep": Markup("➖"), "reject": Markup("❌")}  # noqa: RUF001 - a sign is meant
_ASKED = {
    "promote": "make {} the champion",
    "keep": "{} is not better than the champion",
    "reject": "{} is rejected",
}


def render(report: ReportInput, *, longest: int = MAX_BODY) -> str:
    """Write the report.

    Tables lose rows, the least important table first, until the text fits; a note says how many.

    Args:
        report: What to tell.
        longest: Longest text, in UTF-8 bytes, which are never fewer than GitHub's characters.

    Returns:
        GitHub's Markdown. Names from outside are words in it, and nothing else.

    Raises:
        RefusedError: ``NL-F009``, not even the report without tables fits.
    """
    parts = sections(report)
    shown = [min(len(part.rows), MOST_ROWS) for part in parts]
    while len((text := _text(report, parts, shown)).encode()) > longest:
        least = next((i for i in reversed(range(len(shown))) if shown[i]), None)
        if least is None:
            raise RefusedError(
                f"no report fits into {longest} bytes",
                code="NL-F009",
                kept="the results of the run; nothing was proposed",
                advice="shorten the names of candidates and slices on the card",
            )
        shown[least] //= 2
    return text


def _text(report: ReportInput, parts: Sequence[Section], shown: Sequence[int]) -> str:
    return _template().render(
        mark=_MARKS[report.verdict["outcome"]],
        usecase=report.usecase,
        asked=fixed(_ASKED[report.verdict["outcome"]], report.new.name),
        summary=_summary(report),
        decision=_decision(report),
        note=report.note,
        missing=report.missing,
        sections=list(zip(parts, shown, strict=True)),
        run=report.run,
        candidate=report.new.name,
        seed=Markup("%d") % report.seed,
        data_version=report.data.version[:12],
        links=list(report.links.items())[:MOST_LINKS],
    )


def _summary(report: ReportInput) -> Markup:
    gates = report.verdict["gates"]
    shut = sum(not gate["passed"] for gate in gates)
    told = [
        fixed("{} of {} gates are closed.", count(shut), count(len(gates)))
        if shut
        else fixed("All {} gates are open.", count(len(gates))),
        _against(report, "accuracy", "Accuracy **{}**{};"),
        _against(report, "log_loss", "log loss **{}**{}."),
    ]
    if (moved := changed_share(report.changes)) is not None:
        told.append(fixed("**{}** of the last night's labels would change.", share(moved)))
    return Markup(" ").join(told)


def _against(report: ReportInput, metric: str, words: str) -> Markup:
    now = Markup()
    if report.current is not None:
        now = fixed(", now {}", number(report.current.metrics.get(metric)))
    return fixed(words, number(report.new.metrics.get(metric)), now)


def _decision(report: ReportInput) -> Markup:
    standing = report.verdict.get("champion")
    stays = fixed("version {} stays", standing) if standing else Markup("there still is none")
    if report.verdict["outcome"] != "promote":
        return fixed("Nothing is asked of you; as champion, {}.", stays)
    return fixed(
        "**Merge** to say yes: the release then makes this model the champion. **Close** to say no: {}.",
        stays,
    )


@cache
def _template() -> Template:
    words = Environment(
        loader=PackageLoader("nightlabel.propose", "."),
        autoescape=True,
        finalize=safe,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    words.filters |= {"prose": prose, "count": count}
    words.globals["link"] = link
    return words.get_template("report.md.j2")
