"""The page's files: all there in what is shipped, and nothing in them leads anywhere else."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

from azure_vpn_operator.status_page.assets import load_assets

REPOSITORY = Path(__file__).parents[3]
FOLDER = REPOSITORY / "operator" / "azure_vpn_operator" / "status_page" / "assets"


def test_files_name_only_files_that_are_there():
    assets = load_assets()
    for path, asset in assets.items():
        text = asset.body.decode()
        named = re.findall(r"""(?:from|import)\s+["']\./([^"']+)|(?:src|href)="([^"#:]+)\"""", text)
        assert {f"/{one or other}" for one, other in named} <= set(assets), path


def test_files_name_no_other_place():
    for path, asset in load_assets().items():
        places = set(re.findall(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]{2,}[^\s\"']*", asset.body.decode()))
        assert places <= {"http://www.w3.org/2000/svg"}, path


def test_the_page_has_no_script_and_no_style_of_its_own():
    page = load_assets()["/"].body.decode()
    assert not re.search(r"<style|style=|\son[a-z]+=|javascript:", page)
    assert re.findall(r"<script[^>]*>([^<]*)", page) == [""]


def test_scripts_use_nothing_that_makes_html_or_code_of_text():
    for path, asset in load_assets().items():
        if path.endswith(".js"):
            found = re.findall(
                r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|DOMParser|srcdoc",
                asset.body.decode(),
            )
            assert found == [], path


def test_the_wheel_has_all_files(tmp_path: Path):
    build = "from hatchling.build import build_wheel; import sys; print(build_wheel(sys.argv[1]))"
    made = subprocess.run(
        [sys.executable, "-c", build, str(tmp_path)], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    with zipfile.ZipFile(tmp_path / made.stdout.split()[-1]) as wheel:
        shipped = {Path(name).name for name in wheel.namelist() if "status_page/assets/" in name}
    assert shipped == {path.name for path in FOLDER.iterdir()}
