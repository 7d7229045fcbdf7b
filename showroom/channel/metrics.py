"""Counters of one server, as Prometheus text."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass
class Metrics:
    """Totals since the server started; gauges are passed to :meth:`text`."""

    connections_total: int = 0
    visits_total: int = 0
    resumed_total: int = 0
    events_total: int = 0
    updates_total: int = 0
    refused_total: int = 0
    rate_limited_total: int = 0
    coalesced_total: int = 0
    bytes_in_total: int = 0
    bytes_out_total: int = 0
    faults_total: int = 0

    def text(self, **gauges: float) -> str:
        """The exposition format, version 0.0.4."""
        lines: list[str] = []
        for field in fields(self):
            name = f"showroom_{field.name}"
            lines += [f"# TYPE {name} counter", f"{name} {getattr(self, field.name)}"]
        for key, value in gauges.items():
            lines += [f"# TYPE showroom_{key} gauge", f"showroom_{key} {value:g}"]
        return "\n".join(lines) + "\n"
