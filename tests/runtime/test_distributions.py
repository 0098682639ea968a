"""What to install for a module that is missing."""

from __future__ import annotations

import pytest

from mdeploy_lab.runtime.distributions import requirement_of


@pytest.fixture
def model(tmp_path):
    lines = [
        "mlflow==3.17.2",
        "opencv-contrib-python==4.10.0  # pictures",
        "Scikit_Learn[all]>=1.5,<2",
        "-e ./own",
        "ruamel.yaml",
    ]
    (tmp_path / "requirements.txt").write_text("\n".join(lines))
    return str(tmp_path)


@pytest.mark.parametrize(
    ("module", "wanted"),
    [
        ("sklearn", "Scikit_Learn[all]>=1.5,<2"),
        ("sklearn.linear_model", "Scikit_Learn[all]>=1.5,<2"),
        ("cv2", "opencv-contrib-python==4.10.0"),
        ("ruamel.yaml", "ruamel.yaml"),
        ("PIL.Image", "pillow"),
        ("yaml", "pyyaml"),
        ("bs4", "beautifulsoup4"),
        ("google.protobuf", "protobuf"),
    ],
)
def test_the_models_own_requirement_comes_first_then_the_name_that_differs(model, module, wanted):
    assert requirement_of(module, model) == (wanted, True)


def test_what_nobody_knows_may_be_a_module_of_the_users_own(model, tmp_path):
    assert requirement_of("my_features.scaling", model) == ("my_features", False)
    assert requirement_of("my_features", str(tmp_path / "none")) == ("my_features", False)
