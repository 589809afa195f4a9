"""A step as a child process of its task."""

from typing import Any

from airflow.sdk import Context

from nightlabel.errors import plain
from nightlabel.settings import child_environment
from nightlabel_airflow import commands
from nightlabel_airflow.child import Child
from nightlabel_airflow.task import StepTask


class ProcessStep(StepTask):
    """Run ``nightlabel STEP`` and hand on its log, its result and its verdict on a retry."""

    _child: Child | None = None

    def execute(self, context: Context) -> Any:
        """Run the command; give the answer.

        Raises:
            AirflowFailException: Exit code 64, or an unknown field in the run's conf: no retry can help.
            AirflowException: Any other failure: Airflow tries again.
        """
        self.refuse_unknown_fields(context)
        return self.finish(context, self._run())

    def on_kill(self) -> None:
        """End the command and all that it started."""
        if self._child is not None:
            self._child.stop()

    def _run(self) -> dict[str, Any]:
        line = [commands.program(), *self.line()]
        self.log.info("%s", plain(" ".join(line[1:])))
        # Candidates and shards run side by side: threads of one would starve the others.
        told = {"NIGHTLABEL_LOG_JSON": "true", "OMP_NUM_THREADS": "1"}
        self._child = Child(line, child_environment(commands.KEPT_FROM_STEPS, **told))
        ended = self._child.follow(lambda text: self.log.info("%s", commands.readable(text)))
        reason = commands.last_word(ended.code, ended.tail)
        return commands.judge(ended.code, commands.parsed(ended.output), otherwise=reason)
