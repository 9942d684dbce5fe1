"""The rights that are shipped, asked of a real authorizer: enough for the operator, and nothing more."""

import pytest
import yaml
from kubernetes.aio.client import ApiClient

from azure_vpn_operator.render.rbac import EDIT_RULES, OPERATOR_RULES, RBAC_PATH, VIEW_RULES, render_rbac
from support.world.operator_access import may_operator, operator_kubeconfig
from workbench.control_plane.plane import ControlPlane


@pytest.mark.parametrize(
    ("verb", "resource", "group", "may"),
    [
        pytest.param("watch", "vpnconnections", "azvpn.dev", True, id="watch connections"),
        pytest.param("list", "ipsecpolicies", "azvpn.dev", True, id="list policies"),
        pytest.param("patch", "vpnconnections", "azvpn.dev", True, id="set finalizers"),
        pytest.param("patch", "ipsecpolicies/status", "azvpn.dev", True, id="report"),
        pytest.param("get", "secrets", "", True, id="read a key"),
        pytest.param("create", "events", "events.k8s.io", True, id="tell"),
        pytest.param("list", "secrets", "", False, id="not see which Secrets there are"),
        pytest.param("watch", "secrets", "", False, id="not watch Secrets"),
        pytest.param("update", "secrets", "", False, id="not write Secrets"),
        pytest.param("create", "vpnconnections", "azvpn.dev", False, id="not make connections"),
        pytest.param("delete", "vpnconnections", "azvpn.dev", False, id="not delete connections"),
        pytest.param("update", "vpnconnections/status", "azvpn.dev", False, id="not overwrite a status unseen"),
        pytest.param("create", "pods", "", False, id="nothing with pods"),
        pytest.param("list", "namespaces", "", False, id="not list namespaces"),
        pytest.param("impersonate", "users", "", False, id="not be somebody else"),
    ],
)
async def test_operator_may(
    control_plane: ControlPlane, admin: ApiClient, namespace: str, verb: str, resource: str, group: str, may: bool
):
    await operator_kubeconfig(control_plane, namespace)
    assert await may_operator(admin, namespace, verb, resource, group) is may


def test_users_roles_join_the_clusters_own():
    roles = {
        document["metadata"]["name"]: document
        for document in yaml.safe_load_all(render_rbac()[RBAC_PATH])
        if document["kind"] == "ClusterRole"
    }
    prefix = "rbac.authorization.k8s.io/aggregate-to-"
    added = {
        name: sorted(label.removeprefix(prefix) for label in role["metadata"]["labels"] if label.startswith(prefix))
        for name, role in roles.items()
    }
    assert added == {
        "azure-vpn-operator": [],
        "azure-vpn-operator-view": ["view"],
        "azure-vpn-operator-edit": ["admin", "edit"],
    }


def test_no_rule_has_a_wildcard_and_each_says_why():
    for rule in (*OPERATOR_RULES, *VIEW_RULES, *EDIT_RULES):
        assert "*" not in {rule.group, *rule.resources, *rule.verbs}
        assert rule.why


def test_status_and_finalizers_are_not_the_users_to_write():
    assert all("/" not in resource for rule in EDIT_RULES for resource in rule.resources)
