"""Everything that is given, judged: first each object by itself, then all of them together."""

from collections.abc import Iterator, Sequence
from typing import Final

from azure_vpn_operator.azvpn.lint.composing import UnreadableError
from azure_vpn_operator.azvpn.lint.crossing import judge_together
from azure_vpn_operator.azvpn.lint.documents import Document, read_documents
from azure_vpn_operator.azvpn.lint.findings import Finding, Place, Report, Severity, Tally
from azure_vpn_operator.azvpn.lint.judging import Manifest, is_ours, judge_strength, read_manifest
from azure_vpn_operator.azvpn.lint.sources import Source, read_sources
from azure_vpn_operator.domain.rules.crypto_floor import CryptoFloor

NO_PROFILE: Final = "none"
_RENDER: Final = "render the chart first: helm template CHART | kubectl azvpn lint -"


def lint(paths: Sequence[str], profile: str, namespace: str, *, strict: bool = False) -> Report:
    """Judge all that the paths lead to. Raises ToolError if one of them leads nowhere."""
    floor = None if profile == NO_PROFILE else CryptoFloor(profile)
    tally = Tally()
    findings: list[Finding] = []
    manifests: list[Manifest] = []
    for source in read_sources(paths, tally.skipped):
        if isinstance(source, UnreadableError):
            tally.files.append(source.place.file)
            findings.append(_unreadable(source))
            continue
        tally.files.append(source.name)
        for document in _read(source, findings, tally):
            manifest, found = read_manifest(document, namespace)
            findings += found
            if manifest is not None:
                manifests.append(manifest)
                tally.objects[manifest.kind] = tally.objects.get(manifest.kind, 0) + 1
    for manifest in manifests:
        if manifest.valid:
            findings += judge_strength(manifest, floor)
    findings += judge_together(manifests)
    order = {name: index for index, name in enumerate(tally.files)}
    findings.sort(key=lambda one: (order[one.place.file], one.place.line, one.place.column))
    checked = tuple((manifest.document.file, manifest.title) for manifest in manifests)
    return Report(tuple(findings), tally, checked, strict)


def _read(source: Source, findings: list[Finding], tally: Tally) -> Iterator[Document]:
    """Yield the objects of our kinds; what cannot be read is a finding, and other documents are counted."""
    if source.is_template:
        tally.skipped.append(source.name)
        if "azvpn.dev" in source.text:
            message = "a template of a Helm chart, which is no manifest before Helm has made one: it was not checked"
            place = Place(source.name, 1, 1)
            findings.append(Finding(Severity.WARNING, "helm-template", message, place, hint=_RENDER))
        return
    try:
        for document in read_documents(source.name, source.text):
            if is_ours(document.value):
                yield document
            else:
                tally.others += 1
    except UnreadableError as error:
        if "{{" in source.text and error.rule.startswith("yaml"):
            error.hint = f"if this is a template, {_RENDER}"
        findings.append(_unreadable(error))


def _unreadable(error: UnreadableError) -> Finding:
    return Finding(Severity.ERROR, error.rule, error.message, error.place, hint=error.hint)
