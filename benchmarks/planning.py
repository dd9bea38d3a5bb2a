"""`python -m benchmarks.planning URL FOLDER`: hash a folder, plan it, and print the megabytes this took above idle."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from benchmarks.client import rich
from run402 import Client, spec


def megabytes(name: str) -> float:
    """A line of this process's status: VmRSS is what it holds, VmHWM the most it ever held."""
    match = re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(match[1]) / 1024 if match else 0.0


def main(url: str, folder: str) -> None:
    with Client(url, signer=rich(url)) as client:
        project = client.projects.provision(name="Benchmark of memory", tier="prototype")
        idle = megabytes("VmRSS")
        files = spec.folder(Path(folder))
        replace = {name: {"path": name} for name in files}
        parsed = spec.parse({"project_id": project.project_id, "site": {"replace": replace}}, files=files)
        dialect = client.apply.dialect(project.anon_key)
        plan = dialect.plan(parsed.spec, dry_run=False, idempotency_key=None, required_plan=None)
        if len(plan.missing_content) != len(files):
            sys.exit("The plan does not name every file.")
        print(megabytes("VmHWM") - idle)


if __name__ == "__main__":
    main(*sys.argv[1:])
