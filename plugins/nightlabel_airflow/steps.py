"""One step of nightlabel as one task of Airflow.

``step`` is the one place that knows where a step runs: here it is a child process of the task, with the
same command line that a pod gets. Airflow sees its log, its exit code and one small JSON object.
"""

import json
import shutil
import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

from airflow.sdk import BaseOperator, BaseOperatorLink, Context, XComArg
from airflow.sdk.bases.branch import BranchMixIn
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from nightlabel.errors import RefusedError
from nightlabel.settings import child_environment
from nightlabel_airflow.child import Child, Ended

DEFAULT_ARGS: dict[str, Any] = {
    "retries": 2,
    "retry_delay": timedelta(seconds=15),
    "retry_exponential_backoff": 2.0,
    "max_retry_delay": timedelta(minutes=5),
    "execution_timeout": timedelta(hours=2),
}
"""What all tasks share. A step that is repeated skips what is done, so a retry is always safe."""

RUN = "{{ key(run_id) }}"
"""Name of the run: Airflow's run id, safe as a part of a key."""
DATE = "{{ label_date(dag_run, params.date) }}"
"""The partition: the date asked for, else the local date of the scheduled run."""
NIGHT = {"run": RUN, "date": DATE}
"""What every step of a night is told."""


class Link(BaseOperatorLink):
    """A button on the task that opens what the step made, where its result names an address."""

    name = "Result"

    def get_link(self, operator: BaseOperator, *, ti_key: Any) -> str:  # noqa: ARG002 - Airflow's signature
        """Give the address, or nothing."""
        return str(getattr(operator, "address", ""))


class Step(BaseOperator, BranchMixIn):
    """Run ``nightlabel STEP`` and hand on its log, its result and its verdict on a retry.

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

    template_fields = ("options", "item")
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
        self._child: Child | None = None

    def execute(self, context: Context) -> Any:
        """Run the command; give the answer.

        Raises:
            AirflowFailException: Exit code 64, or an unknown field in the run's conf: no retry can help.
            AirflowException: Any other failure: Airflow tries again.
        """
        _refuse_unknown_fields(context)
        result = self._run()
        self.address = str(result.get("url", ""))
        context["ti"].xcom_push(key="result", value=result)
        answer: Any = result[self.answer] if self.answer else result
        if self.branches is not None:
            self.do_branch(context, self.branches.get(str(answer)))
        return answer

    def on_kill(self) -> None:
        """End the command and all that it started."""
        if self._child is not None:
            self._child.stop()

    def _run(self) -> dict[str, Any]:
        own = {self.item_option: self.item} if self.item_option else {}
        line = command(self.step, self.usecase, {**self.options, **own})
        self.log.info("%s", " ".join(line[1:]))
        # Candidates and shards run side by side: threads of one would starve the others.
        self._child = Child(line, child_environment(NIGHTLABEL_LOG_JSON="true", OMP_NUM_THREADS="1"))
        return judge(self._child.follow(self._say))

    def _say(self, line: str) -> None:
        self.log.info("%s", readable(line))


def step(
    name: str,
    usecase: str,
    options: Mapping[str, Any],
    *,
    answer: str = "",
    branches: Mapping[str, str] | None = None,
    each: tuple[str, XComArg] | None = None,
    **task: Any,
) -> Any:
    """Make one task of one step.

    Args:
        name: The command's word, which is also the task's id.
        usecase: Name of the use case.
        options: Long options of the command by name; see ``Step``.
        answer: Field of the result that later tasks need.
        branches: Task to go on with, by answer.
        each: An option, and the list that gives one mapped task per item.
        task: Arguments of Airflow's task, such as ``trigger_rule``.

    Returns:
        The task, mapped where ``each`` is given.
    """
    fixed: dict[str, Any] = {"task_id": name, "step": name, "usecase": usecase, "options": options, **task}
    if each is None:
        return Step(**fixed, answer=answer, branches=branches)
    option, items = each
    named = Step.partial(**fixed, item_option=option, map_index_template="{{ task.item }}")
    return named.expand(item=items)


def command(name: str, usecase: str, options: Mapping[str, Any]) -> list[str]:
    """Give the command line of a step, as a list and never for a shell."""
    program = shutil.which("nightlabel") or str(Path(sys.executable).with_name("nightlabel"))
    line = [program, name, f"--usecase={usecase}"]
    for option, value in options.items():
        values = value if isinstance(value, list | tuple) else [value]
        line += [f"--{option}={item}" for item in values if item not in (None, "")]
    return [*line, "--json"]


def judge(ended: Ended) -> dict[str, Any]:
    """Turn the end of a command into its result or into the failure that Airflow understands.

    Raises:
        AirflowFailException: Exit code 64.
        AirflowException: Any other exit code but 0, or no JSON object on stdout.
    """
    result = _object(ended.output)
    if ended.code == 0 and result is not None:
        return result
    reason = _reason(ended, (result or {}).get("error"))
    if ended.code == RefusedError.exit_code:
        raise AirflowFailException(reason)
    raise AirflowException(reason)


def readable(line: str) -> str:
    """Turn one line of the log, a JSON object or plain text, into a line for people."""
    entry = _object(line)
    if entry is None or "event" not in entry:
        return line
    facts = (f"{k}={v}" for k, v in entry.items() if k not in {"event", "timestamp", "level", "room"})
    return " ".join([str(entry["event"]), *facts])


def _reason(ended: Ended, error: Any) -> str:
    if isinstance(error, dict):
        parts = [f"{error.get('code', '')} {error.get('sentence', '')}".strip()]
        parts += [f"kept: {error['kept']}"] if error.get("kept") else []
        parts += [f"next: {error['next']}"] if error.get("next") else []
        return "\n".join(parts)
    if ended.code == 0:
        return "the step ended well but printed no JSON object"
    how = f"signal {-ended.code}" if ended.code < 0 else f"exit code {ended.code}"
    last = next((line for line in reversed(ended.tail) if line.strip()), "no word on stderr")
    return f"{how}: {readable(last)[:600]}"


def _object(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _refuse_unknown_fields(context: Context) -> None:
    given = context["dag_run"].conf or {}
    known = context["dag"].params
    if unknown := sorted(set(given) - set(known)):
        fields = ", ".join(sorted(known)) or "none"
        raise AirflowFailException(f"NL-H001 conf has unknown fields: {unknown}; the form has: {fields}")
