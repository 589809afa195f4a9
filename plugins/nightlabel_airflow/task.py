"""What all tasks of steps share, wherever the step runs: its words, its button, and what its answer does."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar

from airflow.sdk import BaseOperator, BaseOperatorLink, Context

from nightlabel_airflow import commands
from nightlabel_airflow.compat import DOUBLING, BranchMixIn

DEFAULT_ARGS: dict[str, Any] = {
    "retries": 2,
    "retry_delay": timedelta(seconds=15),
    "retry_exponential_backoff": DOUBLING,
    "max_retry_delay": timedelta(minutes=5),
    "execution_timeout": timedelta(hours=2),
}
"""What all tasks share. A step that is repeated skips what is done, so a retry is always safe."""


class Link(BaseOperatorLink):
    """A button on the task that opens what the step made, where its result names an address."""

    name = "Result"

    def get_link(self, operator: BaseOperator, *, ti_key: Any) -> str:  # noqa: ARG002 - Airflow's signature
        """Give the address, or nothing."""
        return str(getattr(operator, "address", ""))


class StepTask(BaseOperator, BranchMixIn):
    """One step of one use case.

    Args:
        step: The command's word.
        usecase: Name of the use case.
        options: Long options of the command by name: text is a template, a list repeats the option,
            nothing and empty text leave it out.
        item_option: One more option, which tells mapped tasks apart.
        item: Its value.
        answer: Field of the result that later tasks need; empty returns the whole result.
        branches: Task to go on with, by answer; an answer without a task skips all that follows.
    """

    template_fields: Sequence[str] = ("options", "item")
    template_fields_renderers: ClassVar[dict[str, str]] = {"options": "json"}
    operator_extra_links = (Link(),)
    inherits_from_skipmixin = True
    ui_color = "#e8f0fe"

    def __init__(
        self,
        *,
        step: str,
        usecase: str,
        options: Mapping[str, Any],
        item_option: str = "",
        item: str = "",
        answer: str = "",
        branches: Mapping[str, str] | None = None,
        **task: Any,
    ) -> None:
        super().__init__(**task)
        self.step, self.usecase, self.options = step, usecase, options
        self.item_option, self.item = item_option, item
        self.answer, self.branches = answer, branches
        self.address = ""

    def line(self, **more: Any) -> list[str]:
        """Give the arguments of the command, with further options."""
        own = {self.item_option: self.item} if self.item_option else {}
        return commands.arguments(self.step, self.usecase, {**self.options, **own, **more})

    def refuse_unknown_fields(self, context: Context) -> None:
        """Refuse a run whose conf has fields that the form does not have."""
        given = context["dag_run"].conf or {}
        known = context["dag"].params
        if unknown := sorted(set(given) - set(known)):
            fields = ", ".join(sorted(known)) or "none"
            raise commands.failure(
                f"NL-H001 conf has unknown fields: {unknown}; the form has: {fields}", again=False
            )

    def finish(self, context: Context, result: dict[str, Any]) -> Any:
        """Show the result, go the way that it opens, and give the answer."""
        self.address = str(result.get("url", ""))
        context["ti"].xcom_push(key="result", value=result)
        answer: Any = result[self.answer] if self.answer else result
        if self.branches is not None:
            self.do_branch(context, self.branches.get(str(answer)))
        return answer
