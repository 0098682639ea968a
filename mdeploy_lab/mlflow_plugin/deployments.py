"""MLflow's ``BaseDeploymentClient`` over our client; an MLflow endpoint is a group."""

from __future__ import annotations

import shlex
from typing import Any

import click
from mlflow.deployments import PredictionsResponse

from mdeploy_lab.client.deployment import Deployment
from mdeploy_lab.client.summary import text_of
from mdeploy_lab.errors import DeploymentNotFound, InvalidInput, NameTaken, NotFound
from mdeploy_lab.mlflow_plugin.documents import SERVED, body_of, described, named, plain
from mdeploy_lab.mlflow_plugin.options import CHANGE, CREATE, DELETE, options
from mdeploy_lab.mlflow_plugin.problems import translated
from mdeploy_lab.mlflow_plugin.refusals import Config, Refusing
from mdeploy_lab.mlflow_plugin.targets import client_of


class MDeployClient(Refusing):
    """Deployments of this machine (``mdeploy``) or of a server (``mdeploy:/https://…``).

    Every failure is an ``MlflowException`` that says what went wrong and what to do next.
    """

    @translated
    def __init__(self, target_uri: str) -> None:
        super().__init__(target_uri)
        self._mdeploy = client_of(target_uri)

    # -- changing ----------------------------------------------------------------------------------------------

    @translated
    def create_deployment(
        self, name: str, model_uri: str, flavor: str | None = None, config: Config = None, endpoint: str | None = None
    ) -> dict[str, Any]:
        """Deploy a model under a new name, and wait until it answers.

        Parameters
        ----------
        name
            Refused when the group has a deployment of this name.
        flavor
            ``python_function`` or another that the model has; it is checked, and chooses nothing.
        config
            ``replicas``, ``instance_type``, ``env``, …: ``mlflow deployments help -t mdeploy`` lists them.
        endpoint
            The group.
        """
        made = self.deployed(name, model_uri, flavor, config, endpoint)
        return described(made.snapshot(), name, flavor)

    def deployed(self, name: str, model_uri: str, flavor: str | None, config: Config, endpoint: str | None) -> Deployment:
        """Create a deployment and return our handle on it."""
        given = options(config, CREATE)
        if endpoint and given.setdefault("group", endpoint) != endpoint:
            raise InvalidInput("endpoint and the config's group differ", hint="an endpoint is a group: give one of them")
        try:
            if flavor not in (None, "", SERVED):
                where = {key: given[key] for key in ("id", "group") if key in given}
                tried = self._mdeploy.deploy(model_uri, name, if_exists="error", dry_run=True, **where)
                _check_flavor(tried, str(flavor))
            return self._mdeploy.deploy(model_uri, name, if_exists="error", **given)
        except NameTaken as error:
            if error.details.get("field") != "name":
                raise
            hint = "`mlflow deployments update` changes it, `mlflow deployments delete` removes it"
            raise NameTaken(error.message, hint=hint, details=error.details) from error

    @translated
    def update_deployment(
        self,
        name: str,
        model_uri: str | None = None,
        flavor: str | None = None,
        config: Config = None,
        endpoint: str | None = None,
    ) -> dict[str, Any]:
        """Change the model or what ``config`` names, and wait until it answers; what is not given stays.

        MLflow's contract says None, and its command line reads ``flavor`` from what is returned here.
        """
        given = options(config, CHANGE)
        if flavor and not model_uri:
            raise InvalidInput("a flavor needs the model that has it", hint="give the model's URI too (-m)")
        if flavor not in (None, "", SERVED):
            _check_flavor(self._find(name, endpoint).update(model=model_uri, dry_run=True), str(flavor))
        made = self._find(name, endpoint).update(model=model_uri, **given)
        return described(made.snapshot(), name, flavor)

    @translated
    def delete_deployment(self, name: str, config: Config = None, endpoint: str | None = None) -> None:
        """Delete a deployment with its history, logs and clients; its registered model stays. One that is gone is no error."""
        given = options(config, DELETE)
        try:
            self._find(name, endpoint).delete(**given)
        except DeploymentNotFound:
            if any(d.snapshot().name == name for d in self._mdeploy.deployments(search=name[:200])):
                raise  # several have this name, or it is in another group

    # -- reading -----------------------------------------------------------------------------------------------

    @translated
    def list_deployments(self, endpoint: str | None = None) -> list[dict[str, Any]]:
        """Return all deployments, of the group ``endpoint`` or of all; ``name`` is what the other calls take."""
        return named(d.snapshot() for d in self._mdeploy.deployments(group=[endpoint] if endpoint else []))

    @translated
    def get_deployment(self, name: str, endpoint: str | None = None) -> dict[str, Any]:
        """Return a deployment by name or id."""
        return described(self._find(name, endpoint).snapshot(), name)

    def _find(self, name: str, endpoint: str | None) -> Deployment:
        """Return the deployment of this name or id; a group's own name comes first there."""
        if not endpoint:
            return self._mdeploy.get(name)
        inside = list(self._mdeploy.deployments(group=[endpoint]))
        for of in ("name", "id"):
            found = next((d for d in inside if getattr(d.snapshot(), of) == name), None)
            if found is not None:
                return found
        raise DeploymentNotFound(
            f"there is no deployment {name[:80]!r} in group {endpoint[:80]!r}",
            hint=f"it has: {', '.join(sorted(d.snapshot().name for d in inside)) or 'none'}",
        )

    # -- asking ------------------------------------------------------------------------------------------------

    @translated
    def predict(self, deployment_name: str | None = None, inputs: Any = None, endpoint: str | None = None) -> Any:
        """Return the model's answers as a ``PredictionsResponse``; the owner needs no client and no token.

        Parameters
        ----------
        inputs
            A DataFrame, whose columns are read by the model's signature; also an array, a list, a dict, or a body as
            ``/invocations`` takes it.
        endpoint
            The group; without ``deployment_name`` its only deployment is asked.
        """
        if inputs is None:
            raise InvalidInput("there are no inputs", hint="give a DataFrame, an array, or a body as /invocations takes it")
        asked: Any = self._find(deployment_name, endpoint) if deployment_name else self._only(endpoint)
        return PredictionsResponse(predictions=plain(asked.predict(body_of(inputs))))

    def _only(self, endpoint: str | None) -> Deployment:
        if not endpoint:
            raise InvalidInput(
                "the deployment has no name", hint="give its name (--name), or a group that has one (--endpoint)"
            )
        inside = list(self._mdeploy.deployments(group=[endpoint]))
        if len(inside) != 1:
            names = ", ".join(sorted(d.snapshot().name for d in inside))
            raise DeploymentNotFound(
                f"group {endpoint[:80]!r} has {len(inside)} deployments",
                hint=f"name one: {names}" if names else "`mlflow deployments list -t mdeploy` shows what there is",
            )
        return inside[0]

    # -- endpoints, which are groups ---------------------------------------------------------------------------

    @translated
    def list_endpoints(self) -> list[dict[str, Any]]:
        """Return your groups, each with its quota and what it uses."""
        return [group.model_dump(mode="json") for group in self._mdeploy.groups()]

    @translated
    def get_endpoint(self, endpoint: str) -> dict[str, Any]:
        """Return a group with its quota and what it uses."""
        groups = self.list_endpoints()
        for group in groups:
            if group["name"] == endpoint:
                return group
        raise NotFound(f"there is no group {endpoint[:80]!r}", hint=f"your groups: {', '.join(g['name'] for g in groups)}")


def _check_flavor(tried: Deployment, flavor: str) -> None:
    flavors = tried.snapshot().spec.template.model.flavors
    if flavor not in flavors:
        raise InvalidInput(f"the model has no flavor {flavor[:80]!r}", hint=f"it has: {', '.join(flavors)}")


@translated
def run_local(name: str, model_uri: str, flavor: str | None = None, config: Config = None) -> None:
    """Deploy to this machine's engine, wait until it answers, and print how to call it.

    MLflow documents a first argument ``target``, and calls without it.
    """
    made = MDeployClient("mdeploy").deployed(name, model_uri, flavor, config, None)
    click.echo(text_of(made, "mdeploy"))
    said = shlex.quote(name)
    click.echo(f"{'Ask:':<9}mlflow deployments predict -t mdeploy --name {said} -I rows.json")
    click.echo(f"{'Delete:':<9}mlflow deployments delete -t mdeploy --name {said}")
