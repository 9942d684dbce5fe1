from azure_vpn_operator.domain.rules.validation import read_connection, read_policy
from azure_vpn_operator.domain.rules.violations import Invalid
from workbench.bench.lint import MANIFESTS, _manifests


def test_what_is_measured_is_a_thousand_good_manifests() -> None:
    documents = _manifests()
    read = [
        read_policy(document) if document["kind"] == "IpsecPolicy" else read_connection(document)
        for document in documents
    ]

    assert len(documents) == MANIFESTS
    assert not [one for one in read if isinstance(one, Invalid)]
    assert len({document["metadata"]["name"] for document in documents}) == MANIFESTS
