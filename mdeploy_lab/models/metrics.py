"""What a replica counted, and how it is written for Prometheus; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from pydantic import Field

from mdeploy_lab.models.base import Timestamp, Wire

SUCCESS = range(200, 400)


class Histogram(Wire):
    """Observations by upper bound; the last count is of what exceeds all bounds."""

    bounds: tuple[float, ...]
    counts: tuple[int, ...]
    sum: float = 0.0

    @property
    def count(self) -> int:
        """How many there were."""
        return sum(self.counts)

    def quantile(self, q: float) -> float | None:
        """Return the value that a share ``q`` of 0 to 1 does not exceed, between two bounds by proportion; None without any."""
        total = self.count
        if not total:
            return None
        wanted, below, passed = q * total, 0.0, 0
        for bound, count in zip(self.bounds, self.counts, strict=False):
            if count and passed + count >= wanted:
                return below + (bound - below) * (wanted - passed) / count
            passed, below = passed + count, bound
        return self.bounds[-1]

    def plus(self, other: Histogram) -> Histogram:
        """Return both together; they have the same bounds."""
        counts = tuple(a + b for a, b in zip(self.counts, other.counts, strict=True))
        return Histogram(bounds=self.bounds, counts=counts, sum=self.sum + other.sum)


class RequestCount(Wire):
    """Requests of one dialect with one status."""

    dialect: str
    status: int
    count: int


class ReplicaMetrics(Wire):
    """What one replica counted since its start."""

    replica: str
    revision: int
    model: str = ""
    version: str = ""
    started_at: Timestamp
    ended: bool = Field(default=False, description="it does not run any more; these are its last numbers")
    requests: tuple[RequestCount, ...] = ()
    request_seconds: Histogram = Field(description="from the first byte of a request to the last of its answer")
    predict_seconds: Histogram = Field(description="reading, predicting and writing in the worker, a batch counted once")
    batch_size: Histogram = Field(description="requests that were answered together")
    received_bytes: int = 0
    sent_bytes: int = 0
    in_flight: int = 0
    waiting: int = Field(default=0, description="requests that wait for the model or are with it")
    feedback: int = 0
    reward: float = Field(default=0.0, description="sum of what feedback gave")


class DeploymentMetrics(Wire):
    """What all replicas of a deployment counted, those that ended while this engine ran too."""

    deployment: str
    requests: int = 0
    success_rate: float | None = Field(default=None, description="share of answers below 400, 0 to 1; null without requests")
    client_errors: int = Field(default=0, description="answers of 400 to 499")
    server_errors: int = Field(default=0, description="answers of 500 and more")
    p50_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None
    predict_p50_ms: float | None = None
    in_flight: int = 0
    waiting: int = 0
    feedback: int = 0
    reward: float | None = Field(default=None, description="mean of what feedback gave; null without any")
    replicas: tuple[ReplicaMetrics, ...] = ()


def summed(deployment: str, replicas: Sequence[ReplicaMetrics]) -> DeploymentMetrics:
    """Return the numbers of a deployment from those of its replicas."""
    counts = [c for each in replicas for c in each.requests]
    total = sum(c.count for c in counts)
    seconds, predicting = _together(r.request_seconds for r in replicas), _together(r.predict_seconds for r in replicas)
    feedback = sum(r.feedback for r in replicas)
    return DeploymentMetrics(
        deployment=deployment,
        requests=total,
        success_rate=sum(c.count for c in counts if c.status in SUCCESS) / total if total else None,
        client_errors=sum(c.count for c in counts if 400 <= c.status < 500),  # noqa: PLR2004  # HTTP
        server_errors=sum(c.count for c in counts if c.status >= 500),  # noqa: PLR2004  # HTTP
        p50_ms=_ms(seconds, 0.5),
        p95_ms=_ms(seconds, 0.95),
        p99_ms=_ms(seconds, 0.99),
        predict_p50_ms=_ms(predicting, 0.5),
        in_flight=sum(r.in_flight for r in replicas if not r.ended),
        waiting=sum(r.waiting for r in replicas if not r.ended),
        feedback=feedback,
        reward=sum(r.reward for r in replicas) / feedback if feedback else None,
        replicas=tuple(replicas),
    )


def _together(found: Iterable[Histogram]) -> Histogram | None:
    whole: Histogram | None = None
    for each in found:
        whole = each if whole is None else whole.plus(each)
    return whole


def _ms(histogram: Histogram | None, q: float) -> float | None:
    value = histogram.quantile(q) if histogram is not None else None
    return None if value is None else round(value * 1000, 3)


# -- Prometheus -----------------------------------------------------------------------------------------------------------

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_HELP = {
    "mdeploy_requests_total": ("counter", "Requests by dialect and status."),
    "mdeploy_request_duration_seconds": ("histogram", "From the first byte of a request to the last of its answer."),
    "mdeploy_predict_duration_seconds": ("histogram", "Reading, predicting and writing in the model's worker."),
    "mdeploy_batch_size": ("histogram", "Requests that were answered together."),
    "mdeploy_request_bytes_total": ("counter", "Bytes of the bodies of requests."),
    "mdeploy_response_bytes_total": ("counter", "Bytes of the bodies of answers."),
    "mdeploy_requests_in_flight": ("gauge", "Requests that are being answered."),
    "mdeploy_queue_requests": ("gauge", "Requests that wait for the model or are with it."),
    "mdeploy_feedback_total": ("counter", "Judgements of answers."),
    "mdeploy_feedback_reward_total": ("counter", "Sum of the rewards of judgements."),
    "mdeploy_replica_start_time_seconds": ("gauge", "When the replica began, in Unix time."),
}


def prometheus(found: Iterable[tuple[str, ReplicaMetrics]]) -> str:
    """Return (deployment, replica's numbers) in Prometheus' text format, each family once with its help."""
    samples: dict[str, list[str]] = {name: [] for name in _HELP}
    for deployment, each in found:
        labels = {
            "deployment": deployment,
            "revision": str(each.revision),
            "replica": each.replica,
            "model": each.model,
            "version": each.version,
        }
        for name, line in _samples(each, labels):
            samples[name].append(line)
    lines = []
    for name, (kind, text) in _HELP.items():
        if samples[name]:
            lines += [f"# HELP {name} {text}", f"# TYPE {name} {kind}", *samples[name]]
    return "\n".join(lines) + "\n" if lines else ""


def _samples(each: ReplicaMetrics, labels: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    own = _labels(labels)
    for count in each.requests:
        more = _labels({**labels, "dialect": count.dialect, "status": str(count.status)})
        yield "mdeploy_requests_total", f"mdeploy_requests_total{more} {count.count}"
    for name, histogram in (
        ("mdeploy_request_duration_seconds", each.request_seconds),
        ("mdeploy_predict_duration_seconds", each.predict_seconds),
        ("mdeploy_batch_size", each.batch_size),
    ):
        for line in _buckets(name, histogram, labels, own):
            yield name, line
    for name, value in (
        ("mdeploy_request_bytes_total", each.received_bytes),
        ("mdeploy_response_bytes_total", each.sent_bytes),
        ("mdeploy_feedback_total", each.feedback),
        ("mdeploy_feedback_reward_total", each.reward),
    ):
        yield name, f"{name}{own} {value}"
    if not each.ended:
        yield "mdeploy_requests_in_flight", f"mdeploy_requests_in_flight{own} {each.in_flight}"
        yield "mdeploy_queue_requests", f"mdeploy_queue_requests{own} {each.waiting}"
        started = each.started_at.timestamp()
        yield "mdeploy_replica_start_time_seconds", f"mdeploy_replica_start_time_seconds{own} {started:.3f}"


def _buckets(name: str, histogram: Histogram, labels: Mapping[str, str], own: str) -> Iterator[str]:
    passed = 0
    for bound, count in zip((*histogram.bounds, None), histogram.counts, strict=True):
        passed += count
        le = "+Inf" if bound is None else f"{bound:g}"
        yield f"{name}_bucket{_labels({**labels, 'le': le})} {passed}"
    yield f"{name}_sum{own} {histogram.sum:.6f}"
    yield f"{name}_count{own} {passed}"


def _labels(labels: Mapping[str, str]) -> str:
    escaped = {k: v.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"') for k, v in labels.items()}
    return "{" + ",".join(f'{k}="{v}"' for k, v in escaped.items()) + "}"
