from pathlib import Path

import pytest

from workbench.control_plane.manifests import ManifestError, load


def write(path: Path, *names: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    objects = [f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\n" for name in names]
    path.write_text("---\n".join(objects))


def names(path: Path) -> list[str]:
    return [manifest.name for manifest in load(path)]


def test_file_may_hold_several_objects_and_empty_documents(tmp_path: Path) -> None:
    write(tmp_path / "all.yaml", "a", "b")
    (tmp_path / "all.yaml").write_text("---\n# a comment\n---\n" + (tmp_path / "all.yaml").read_text() + "---\n")

    assert names(tmp_path / "all.yaml") == ["a", "b"]


def test_plain_folder_is_read_whole_in_the_order_of_names(tmp_path: Path) -> None:
    write(tmp_path / "2.yml", "second")
    write(tmp_path / "1.yaml", "first")
    write(tmp_path / "sub" / "3.yaml", "third")
    (tmp_path / "README.md").write_text("not YAML: [")

    assert names(tmp_path) == ["first", "second", "third"]


def test_kustomization_decides_what_is_read_and_in_which_order(tmp_path: Path) -> None:
    write(tmp_path / "base" / "a.yaml", "a")
    write(tmp_path / "base" / "left-out.yaml", "left-out")
    (tmp_path / "base" / "kustomization.yaml").write_text("resources: [a.yaml]\n")
    write(tmp_path / "overlay" / "b.yaml", "b")
    (tmp_path / "overlay" / "kustomization.yaml").write_text("kind: Kustomization\nresources: [b.yaml, ../base]\n")

    assert names(tmp_path / "overlay") == ["b", "a"]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        pytest.param("patches: []\nresources: []\n", "not patches", id="a field that would change objects"),
        pytest.param("resources: [gone.yaml]\n", "gone.yaml does not exist", id="a file that is not there"),
    ],
)
def test_kustomization_is_refused(tmp_path: Path, content: str, complaint: str) -> None:
    (tmp_path / "kustomization.yaml").write_text(content)

    with pytest.raises(ManifestError, match=complaint) as refused:
        load(tmp_path)
    assert str(tmp_path / "kustomization.yaml") in str(refused.value)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        pytest.param("a: [", "while parsing", id="not YAML"),
        pytest.param("- 1\n", "needs apiVersion", id="not an object"),
        pytest.param("kind: ConfigMap\n", "needs apiVersion", id="no metadata"),
        pytest.param("apiVersion: v1\nkind: List\nmetadata: {}\nitems: []\n", "items of a List", id="a list"),
    ],
)
def test_file_is_refused(tmp_path: Path, content: str, complaint: str) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(content)

    with pytest.raises(ManifestError, match=complaint) as refused:
        load(file)
    assert str(file) in str(refused.value)
