from pathlib import Path

from azure_vpn_operator.api.reasons import REASONS
from azure_vpn_operator.render.reasons_page import REASONS_PATH, render_reasons

_PAGE = render_reasons()[REASONS_PATH]


def test_page_in_the_repository_is_current():
    assert (Path(__file__).parents[3] / REASONS_PATH).read_text(encoding="utf-8") == _PAGE, "run make generate"


def test_every_reason_has_a_section_that_says_what_to_do():
    sections = _PAGE.split("\n## ")[1:]

    assert [section.partition("\n")[0] for section in sections] == sorted(REASONS)
    assert all(section.rstrip().splitlines()[-1].startswith("**What to do:** ") for section in sections)


def test_every_link_has_a_target():
    targets = {line.removeprefix("## ").lower() for line in _PAGE.splitlines() if line.startswith("## ")}
    links = {part.partition(")")[0] for part in _PAGE.split("](#")[1:]}

    assert links <= targets


def test_reason_that_only_events_have_says_so():
    section = _PAGE.partition("\n## Adopted\n")[2]

    assert section.lstrip().startswith("Events only\n\nAn existing connection was taken over.")
