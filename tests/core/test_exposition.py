"""The text that Prometheus reads."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.exposition import expose


@dataclass(frozen=True)
class Gauge:
    name: str
    help: str
    value: float
    labels: dict[str, str] = field(default_factory=dict)


def test_gauges_of_a_name_stand_together_under_one_head() -> None:
    gauges = [
        Gauge("a", "First.", 1, {"queue": "sync"}),
        Gauge("b", "Second.", 0.25),
        Gauge("a", "First.", 12_345_678_901, {"queue": "deploys", "state": "queued"}),
    ]
    assert expose(gauges) == (
        "# HELP a First.\n"
        "# TYPE a gauge\n"
        'a{queue="sync"} 1\n'
        'a{queue="deploys",state="queued"} 12345678901\n'
        "# HELP b Second.\n"
        "# TYPE b gauge\n"
        "b 0.25\n"
    )


def test_quotes_backslashes_and_new_lines_cannot_break_out_of_a_label() -> None:
    text = expose([Gauge("a", "H", 1, {"x": 'say "hi"\\\n} 5'})])
    assert text.splitlines()[2] == 'a{x="say \\"hi\\"\\\\\\n} 5"} 1'
