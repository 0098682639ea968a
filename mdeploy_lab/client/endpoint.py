"""The part of a handle that speaks with the endpoint: predictions, queries in any dialect, and what it says of itself."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from mdeploy_lab.client.answering import whole_answer
from mdeploy_lab.client.describing import ShownDescription
from mdeploy_lab.client.editing import request_of
from mdeploy_lab.client.measuring import ShownMetrics
from mdeploy_lab.client.show import ShownDeployment
from mdeploy_lab.client.transport import Transport, segment
from mdeploy_lab.models.requests import Predict, PredictResult

if TYPE_CHECKING:
    from mdeploy_lab.client.core import AsyncClient


class AsyncEndpoint(ShownDeployment):
    """Calls one deployment as its owner."""

    client: AsyncClient
    _transport: Transport

    @property
    def _path(self) -> str:
        return f"/deployments/{segment(self.id)}"

    async def predict(self, data: Any, *, revision: int | None = None, timeout: float | None = None) -> Any:
        """Return the model's answer as its own method gives it: type, dtype, shape and index.

        Parameters
        ----------
        data
            DataFrame, array, list, dict or sparse matrix; also a body as MLflow's ``/invocations`` takes it.
        revision
            Ask this revision instead of what the traffic split chooses.
        timeout
            Seconds; None waits as long as the deployment's own limit.

        Raises
        ------
        PredictFailed
            With the model's own cause.
        """
        return await self.client.predictor.predict(self.id, data, revision=revision, timeout=timeout)

    async def predict_stream(
        self, data: Any, *, revision: int | None = None, timeout: float | None = None
    ) -> AsyncIterator[Any]:
        """Return an iterator over the pieces of the answer of a model that has ``predict_stream``, as they come.

        Parameters
        ----------
        data
            As for ``predict``; also a chat's body with ``messages``.
        timeout
            Seconds between two pieces.

        Raises
        ------
        PredictFailed
            With the model's own cause.
        """
        return self.client.predictor.stream(self.id, data, revision=revision, timeout=timeout)

    async def query(
        self,
        body: Any,
        *,
        dialect: str = "invocations",
        content_type: str = "application/json",
        revision: int | None = None,
        timeout: float = 60.0,
        raw: bool = False,
    ) -> PredictResult:
        """Send a body in a dialect and return status, headers, latency and the answer as it came.

        Parameters
        ----------
        body
            Text and bytes are sent as they are, anything else as JSON.
        dialect
            One of those that ``describe()`` lists.
        raw
            Answer JSON in ``text``, as it came, rather than parsed in ``body``.

        Returns
        -------
        PredictResult
            An answer over 1 MB is cut (``truncated``); ``answer`` fetches the whole of it.
        """
        given: dict[str, Any] = {
            "dialect": dialect,
            "content_type": content_type,
            "revision": revision,
            "timeout": timeout,
            "raw": raw,
        }
        if isinstance(body, bytes | bytearray | memoryview):
            given["body_base64"] = base64.b64encode(body).decode()
        else:
            given["body"] = body
        request = request_of(Predict, given)
        return PredictResult.model_validate(await self._transport.post(f"{self._path}/predict", request))

    async def answer(self, result: PredictResult) -> bytes:
        """Return the whole of an answer that ``query`` cut, without asking the model again; kept for ten minutes.

        Raises
        ------
        AnswerNotFound
            When it is not kept any more.
        """
        return await whole_answer(self._transport, self.id, result)

    async def metrics(self) -> ShownMetrics:
        """Return what the replicas counted: requests, statuses, times, feedback; of those that ended the last known."""
        return ShownMetrics.model_validate(await self._transport.get(f"{self._path}/metrics"))

    async def describe(self, *, revision: int | None = None) -> ShownDescription:
        """Return what the endpoint says of its model: signature, example rows, and a request that works in each dialect.

        Raises
        ------
        NotServing
            When nothing answers.
        """
        told = await self._transport.get(f"{self._path}/description", {"revision": revision})
        return ShownDescription.model_validate(told)
