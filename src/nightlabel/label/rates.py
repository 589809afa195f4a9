"""What labelling costs, as it was measured: sizes on paper and the first forecasts begin with it."""

from pydantic import BaseModel, ConfigDict, Field


class Rates(BaseModel):
    """What was measured, on one core of an AMD EPYC in November 2026 by ``benchmarks``.

    Attributes:
        file_cpu_s: CPU seconds to read 10,000 files.
        record_cpu_s: CPU seconds to parse, validate, label and write a million records.
        startup_cpu_s: CPU seconds of a labelling process until its first file.
        plan_cpu_s: CPU seconds to list, compare and share out a million keys.
        plan_mb: Memory that planning takes for a million keys, MB.
        plan_base_mb: Memory that planning takes for none, MB.
        publish_s: Seconds to publish a night of one shard.
        publish_shard_s: Seconds for each further one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    file_cpu_s: float = Field(default=1.3, gt=0)
    record_cpu_s: float = Field(default=8.0, gt=0)
    startup_cpu_s: float = Field(default=2.5, gt=0)
    plan_cpu_s: float = Field(default=9.8, gt=0)
    plan_mb: float = Field(default=300.0, gt=0)
    plan_base_mb: float = Field(default=180.0, gt=0)
    publish_s: float = Field(default=1.5, gt=0)
    publish_shard_s: float = Field(default=0.01, ge=0)
