"""What this process has used so far."""

import resource
from pathlib import Path


def cpu_seconds() -> float:
    """Give the CPU seconds, user and system, of this process and of the children that it has waited for."""
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(used.ru_utime + used.ru_stime for used in map(resource.getrusage, kinds))


def peak_mb() -> float:
    """Give the most memory that was ever resident; ``ru_maxrss`` would begin with that of the parent."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024
