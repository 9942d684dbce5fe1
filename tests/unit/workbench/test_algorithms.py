import yaml

from workbench.algorithms import ALGORITHMS
from workbench.stack import ROOT

SAMPLE = ROOT / "manifests/samples/site-to-site/ipsec-policy.yaml"


def test_algorithms_are_those_of_the_sample() -> None:
    spec = yaml.safe_load(SAMPLE.read_text(encoding="utf-8"))["spec"]

    assert {name: spec[name] for name in ALGORITHMS} == ALGORITHMS
    assert {name for name in spec if not name.startswith("sa")} == set(ALGORITHMS), "the rest are lifetimes"
