"""Deploy from a plain script: train, deploy, compare the endpoint's answers with the model's own, delete."""  # noqa: INP001

from __future__ import annotations

from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier

import mdeploy_lab as md


def main() -> None:
    """Run the whole life of a deployment."""
    frame, species = load_iris(return_X_y=True, as_frame=True)
    model = RandomForestClassifier(random_state=0).fit(frame, species)
    d = md.deploy(model, name="iris", input_example=frame)
    same = (d.predict(frame) == model.predict(frame)).all()
    print(f"{d.id}: {d.state}, revision {d.revision}, answers like the model itself: {same}")  # noqa: T201
    d.delete()


if __name__ == "__main__":
    main()
