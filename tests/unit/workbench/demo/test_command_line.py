import pytest

from workbench.demo.__main__ import main


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param(["up", "--act", "rollback"], "only `run` plays", id="the second act in the background"),
        pytest.param(["up", "--act", "strongswan"], "only `run` plays", id="the third act in the background"),
        pytest.param(["run", "--picture", "x.svg"], "only the second act", id="a picture of the first act"),
        pytest.param(["run", "--act", "fourth"], "invalid choice", id="an act that is not there"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_starts(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(arguments)
    assert words in capsys.readouterr().err
