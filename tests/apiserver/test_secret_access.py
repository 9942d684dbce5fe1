"""Who may name which Secret in `spec.sharedKeySecretRef`: the verdicts of manifests/base/secret-access.yaml."""

import asyncio
import copy
import shutil
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
import yaml

from support.cases.objects import DROP, Document, connection, observed
from workbench.control_plane.plane import ControlPlane
from workbench.rest import ApiError, call

_REPOSITORY = Path(__file__).parents[2]
_POLICY = _REPOSITORY / "manifests" / "base" / "secret-access.yaml"
_CRDS = _REPOSITORY / "crds"

_NAMESPACE = "network"
_ELSEWHERE = "elsewhere"
_CONNECTIONS = f"/apis/azvpn.dev/v1alpha1/namespaces/{_NAMESPACE}/vpnconnections"
_MERGE, _APPLY = "application/merge-patch+json", "application/apply-patch+yaml"

_ADMIN = "admin"
_READS_ALL, _READS_TEAM_KEY, _READS_NONE = "reads-all", "reads-team-key", "reads-none"
_LISTS, _READS_ELSEWHERE, _READS_EVERYWHERE, _BY_GROUP = "lists", "reads-elsewhere", "reads-everywhere", "by-group"
_GITOPS, _GITOPS_WITHOUT, _OPERATOR = (
    f"system:serviceaccount:{_NAMESPACE}:{name}" for name in ("gitops", "gitops-without", "operator")
)
_TEAM_KEY, _OTHER_KEY, _NO_SUCH_KEY = "team-key", "other-key", "no-such-key"

_GET_ALL: Document = {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}
_GET_TEAM_KEY: Document = {**_GET_ALL, "resourceNames": [_TEAM_KEY]}
_EDIT_CONNECTIONS: Document = {
    "apiGroups": ["azvpn.dev"],
    "resources": ["vpnconnections"],
    "verbs": ["get", "create", "update", "patch", "delete"],
}


@dataclass(frozen=True)
class Guarded:
    """A control plane with the policy in force, and a kubeconfig for each user."""

    plane: ControlPlane
    kubeconfigs: Mapping[str, Path]

    async def ask(
        self,
        who: str,
        method: str,
        path: str,
        body: Document | None = None,
        kind: str = "application/json",
        **query: str,
    ) -> Document:
        """Send one request as this user; raises ApiError as `call` does."""
        async with self.plane.client(self.kubeconfigs[who]) as client:
            return await call(client, method, path, body=body, query=query, content_type=kind)

    async def create(self, who: str, document: Document, **query: str) -> Document:
        """Create a connection as this user."""
        return await self.ask(who, "POST", _CONNECTIONS, document, **query)

    async def apply(self, who: str, document: Document, **query: str) -> Document:
        """Apply a connection as this user, by server-side apply."""
        manager = {"fieldManager": who.replace(":", "-"), "force": "true", **query}
        return await self.ask(who, "PATCH", _path(document), document, _APPLY, **manager)

    async def patch(self, who: str, document: Document, change: Document) -> Document:
        """Merge a change into a stored connection as this user."""
        return await self.ask(who, "PATCH", _path(document), change, _MERGE)

    async def stored(self, document: Document) -> Document:
        """Return the connection as the server holds it."""
        return await self.ask(_ADMIN, "GET", _path(document))

    async def may(self, who: str, verb: str, resource: str, name: str = "") -> bool:
        """Ask what `kubectl auth can-i` asks."""
        group = "azvpn.dev" if resource == "vpnconnections" else ""
        question = {"namespace": _NAMESPACE, "verb": verb, "group": group, "resource": resource, "name": name}
        path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
        body = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview"}
        answer = await self.ask(who, "POST", path, {**body, "spec": {"resourceAttributes": question}})
        return bool(answer["status"]["allowed"])


def _path(document: Document) -> str:
    return f"{_CONNECTIONS}/{document['metadata']['name']}"


def _connection(reference: Document | None, **metadata: object) -> Document:
    name = f"c-{uuid.uuid4().hex[:8]}"
    return connection(
        {"name": name, "namespace": _NAMESPACE, **metadata},
        azureName=name,
        sharedKeySecretRef=DROP if reference is None else reference,
    )


def _grant(user: Document, rules: list[Document], *, name: str, namespace: str = _NAMESPACE) -> list[Document]:
    api = {"apiVersion": "rbac.authorization.k8s.io/v1"}
    metadata = {"name": name, "namespace": namespace}
    role_ref = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name}
    return [
        {**api, "kind": "Role", "metadata": metadata, "rules": rules},
        {**api, "kind": "RoleBinding", "metadata": metadata, "roleRef": role_ref, "subjects": [user]},
    ]


def _user(name: str) -> Document:
    return {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": name}


def _group(name: str) -> Document:
    return {"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": name}


def _service_account(full_name: str) -> Document:
    return {"kind": "ServiceAccount", "name": full_name.rsplit(":", 1)[1], "namespace": _NAMESPACE}


def _operator_rules_without_secrets() -> list[Document]:
    documents = yaml.safe_load_all((_REPOSITORY / "manifests" / "base" / "rbac.yaml").read_text())
    role = next(d for d in documents if (d["kind"], d["metadata"]["name"]) == ("ClusterRole", "azure-vpn-operator"))
    return [rule for rule in role["rules"] if "secrets" not in rule["resources"]]


def _rights() -> list[Document]:
    api = "rbac.authorization.k8s.io/v1"
    by_rules = {
        _READS_ALL: [_GET_ALL],
        _READS_TEAM_KEY: [_GET_TEAM_KEY],
        _READS_NONE: [],
        _LISTS: [{**_GET_ALL, "verbs": ["list", "watch", "create", "update", "delete"]}],
        _READS_ELSEWHERE: [],
        _READS_EVERYWHERE: [],
        _BY_GROUP: [],
    }
    everywhere = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "read-secrets"}
    return [
        *(d for user, rules in by_rules.items() for d in _grant(_user(user), [_EDIT_CONNECTIONS, *rules], name=user)),
        *_grant(_service_account(_GITOPS), [_EDIT_CONNECTIONS, _GET_TEAM_KEY], name="gitops"),
        *_grant(_service_account(_GITOPS_WITHOUT), [_EDIT_CONNECTIONS], name="gitops-without"),
        *_grant(_service_account(_OPERATOR), _operator_rules_without_secrets(), name="operator"),
        *_grant(_user(_READS_ELSEWHERE), [_GET_ALL], name="reads-elsewhere", namespace=_ELSEWHERE),
        *_grant(_group("key-readers"), [_GET_TEAM_KEY], name="key-readers"),
        {"apiVersion": api, "kind": "ClusterRole", "metadata": {"name": "read-secrets"}, "rules": [_GET_ALL]},
        {
            "apiVersion": api,
            "kind": "ClusterRoleBinding",
            "metadata": {"name": "read-secrets"},
            "roleRef": everywhere,
            "subjects": [_user(_READS_EVERYWHERE)],
        },
    ]


async def _until(check: Callable[[], Awaitable[bool]], what: str) -> None:
    deadline = time.monotonic() + 20
    while not await check():
        assert time.monotonic() < deadline, f"not within 20 s: {what}"
        await asyncio.sleep(0.02)


async def _is_refused_by_the_policy(attempt: Awaitable[Document]) -> bool:
    try:
        await attempt
    except ApiError as error:
        return "ValidatingAdmissionPolicy 'azvpn-secret-access'" in error.message
    return False


async def _wait_until_in_force(guarded: Guarded) -> None:
    async def probe() -> bool:
        return await _is_refused_by_the_policy(
            guarded.create(_READS_NONE, _connection({"name": _TEAM_KEY}), dryRun="All")
        )

    await _until(probe, "the policy refuses")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def guarded(
    kubernetes_binaries: Mapping[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Guarded]:
    """A control plane of this module's own: the policy speaks about every namespace, so the shared one stays without."""
    async with ControlPlane(tmp_path_factory.mktemp("secret-access"), binaries=kubernetes_binaries) as plane:
        # Before the CRDs: GitOps tools keep no order.
        await plane.apply(_POLICY)
        await plane.apply(_CRDS)
        for namespace in (_NAMESPACE, _ELSEWHERE):
            await plane.create_namespace(namespace)
        accounts = [_service_account(name) for name in (_GITOPS, _GITOPS_WITHOUT, _OPERATOR)]
        await plane.apply_objects(
            *({"apiVersion": "v1", "kind": a["kind"], "metadata": {"name": a["name"]}} for a in accounts),
            *(
                {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": {"sharedKey": "k"}}
                for name in (_TEAM_KEY, _OTHER_KEY)
            ),
            *_rights(),
            namespace=_NAMESPACE,
        )
        users = (_READS_ALL, _READS_TEAM_KEY, _READS_NONE, _LISTS, _READS_ELSEWHERE, _READS_EVERYWHERE)
        guarded = Guarded(
            plane,
            {
                _ADMIN: plane.kubeconfig,
                **{user: plane.user_kubeconfig(user) for user in users},
                _BY_GROUP: plane.user_kubeconfig(_BY_GROUP, "key-readers"),
                **{
                    f"system:serviceaccount:{_NAMESPACE}:{a['name']}": await plane.service_account_kubeconfig(
                        _NAMESPACE, a["name"]
                    )
                    for a in accounts
                },
            },
        )
        await _wait_until_in_force(guarded)
        for who in guarded.kubeconfigs:
            await _until(lambda who=who: guarded.may(who, "patch", "vpnconnections"), f"{who} may patch")  # type: ignore[misc]
        for who in (_READS_ALL, _READS_TEAM_KEY, _READS_EVERYWHERE, _BY_GROUP, _GITOPS):
            await _until(lambda who=who: guarded.may(who, "get", "secrets", _TEAM_KEY), f"{who} may get")  # type: ignore[misc]
        yield guarded
    shutil.rmtree(plane.directory / "etcd")


def _refusal(who: str, secret: str) -> str:
    return (
        "ValidatingAdmissionPolicy 'azvpn-secret-access' with binding 'azvpn-secret-access' denied request: "
        f'spec.sharedKeySecretRef: must name a Secret that you may get, and user "{who}" may not get '
        f'Secret "{secret}" in namespace "network" [secret-access]; get a Role with the verb get on secrets, '
        f'resourceNames ["{secret}"] is enough, and check with: kubectl auth can-i get secret/{secret} -n network'
    )


async def _assert_refused(attempt: Awaitable[Document], who: str, secret: str) -> None:
    with pytest.raises(ApiError) as refused:
        await attempt
    assert (refused.value.status, refused.value.reason) == (403, "Forbidden")
    assert refused.value.message.endswith(_refusal(who, secret))


_MAY_NAME = [
    pytest.param(_READS_ALL, _TEAM_KEY, id="get on all Secrets of the namespace"),
    pytest.param(_READS_TEAM_KEY, _TEAM_KEY, id="get on this one name"),
    pytest.param(_READS_EVERYWHERE, _OTHER_KEY, id="get on all Secrets of the cluster"),
    pytest.param(_BY_GROUP, _TEAM_KEY, id="the right comes from a group"),
    pytest.param(_GITOPS, _TEAM_KEY, id="a ServiceAccount with get on this one name"),
    pytest.param(_ADMIN, _OTHER_KEY, id="the cluster's administrator"),
    pytest.param(_READS_ALL, _NO_SUCH_KEY, id="the Secret comes later, as GitOps tools keep no order"),
]
_MAY_NOT_NAME = [
    pytest.param(_READS_NONE, _TEAM_KEY, id="no right on Secrets"),
    pytest.param(_READS_TEAM_KEY, _OTHER_KEY, id="get on another name"),
    pytest.param(_READS_ELSEWHERE, _TEAM_KEY, id="get in another namespace"),
    pytest.param(_LISTS, _TEAM_KEY, id="every verb but get"),
    pytest.param(_BY_GROUP, _OTHER_KEY, id="the group may get another name"),
    pytest.param(_GITOPS, _OTHER_KEY, id="a ServiceAccount with get on another name"),
    pytest.param(_GITOPS_WITHOUT, _TEAM_KEY, id="a ServiceAccount without a right on Secrets"),
    pytest.param(_READS_NONE, _NO_SUCH_KEY, id="the same words whether or not there is such a Secret"),
]


@pytest.mark.parametrize(("who", "secret"), _MAY_NAME)
async def test_who_may_get_a_secret_may_name_it(guarded: Guarded, who: str, secret: str):
    created = await guarded.create(who, _connection({"name": secret}))

    assert created["spec"]["sharedKeySecretRef"] == {"name": secret, "key": "sharedKey"}


@pytest.mark.parametrize(("who", "secret"), _MAY_NOT_NAME)
async def test_who_may_not_get_a_secret_may_not_name_it(guarded: Guarded, who: str, secret: str):
    wanted = _connection({"name": secret})

    await _assert_refused(guarded.create(who, wanted), who, secret)

    with pytest.raises(ApiError, match="404"):
        await guarded.stored(wanted)


async def test_a_user_whose_name_cannot_be_said_in_one_line_is_told_the_rule(guarded: Guarded):
    who = "two\nlines"
    odd = Guarded(guarded.plane, {who: guarded.plane.user_kubeconfig(who, path=guarded.plane.directory / "two-lines")})
    rights = _grant(_user(who), [_EDIT_CONNECTIONS], name="two-lines")
    await guarded.plane.apply_objects(*rights, namespace=_NAMESPACE)
    await _until(lambda: odd.may(who, "create", "vpnconnections"), "the right is there")

    with pytest.raises(ApiError) as refused:
        await odd.create(who, _connection({"name": _TEAM_KEY}))

    assert refused.value.status == 403
    assert refused.value.message.endswith(
        "denied request: spec.sharedKeySecretRef: must name a Secret that you may get [secret-access]"
    )


async def test_a_connection_without_a_secret_needs_no_right_on_secrets(guarded: Guarded):
    created = await guarded.create(_READS_NONE, _connection(None))

    assert "sharedKeySecretRef" not in created["spec"]


async def test_an_observing_connection_is_no_way_around(guarded: Guarded):
    watching = observed(sharedKeySecretRef={"name": _TEAM_KEY})
    watching["metadata"]["namespace"] = _NAMESPACE

    await _assert_refused(guarded.create(_READS_NONE, watching), _READS_NONE, _TEAM_KEY)


_Attempt = Callable[[Guarded, str, Document], Awaitable[Document]]
_WAYS_TO_CREATE = [
    pytest.param(lambda g, who, d: g.create(who, d, dryRun="All"), id="dry run, so that CI sees it before the merge"),
    pytest.param(lambda g, who, d: g.apply(who, d), id="server-side apply of an object that is not there"),
    pytest.param(lambda g, who, d: g.apply(who, d, dryRun="All"), id="what Flux does first"),
    pytest.param(
        lambda g, who, d: g.create(who, {**d, "metadata": {"generateName": "c-", "namespace": _NAMESPACE}}),
        id="a name that the server makes up",
    ),
]


@pytest.mark.parametrize("create", _WAYS_TO_CREATE)
async def test_every_way_to_create_asks_the_same(guarded: Guarded, create: _Attempt):
    await _assert_refused(create(guarded, _READS_NONE, _connection({"name": _TEAM_KEY})), _READS_NONE, _TEAM_KEY)

    allowed = await create(guarded, _READS_TEAM_KEY, _connection({"name": _TEAM_KEY}))

    assert allowed["spec"]["sharedKeySecretRef"]["name"] == _TEAM_KEY


async def _replace(guarded: Guarded, who: str, document: Document, change: Document) -> Document:
    stored = await guarded.ask(who, "GET", _path(document))
    new = copy.deepcopy(stored)
    new["metadata"].update(change.get("metadata", {}))
    for name, value in change.get("spec", {}).items():
        if value is None:
            del new["spec"][name]
        else:
            new["spec"][name] = value
    return await guarded.ask(who, "PUT", _path(document), new)


async def _merge(guarded: Guarded, who: str, document: Document, change: Document) -> Document:
    return await guarded.patch(who, document, change)


async def _apply(guarded: Guarded, who: str, document: Document, change: Document) -> Document:
    whole = {
        **document,
        "metadata": {**document["metadata"], **change.get("metadata", {})},
        "spec": {**document["spec"], **change.get("spec", {})},
    }
    return await guarded.apply(who, whole)


_Update = Callable[[Guarded, str, Document, Document], Awaitable[Document]]
_WAYS_TO_UPDATE = [
    pytest.param(_merge, id="patch"),
    pytest.param(_replace, id="replace"),
    pytest.param(_apply, id="server-side apply"),
]
_HARMLESS = [
    pytest.param({"metadata": {"labels": {"team": "a"}}}, id="a label, as GitOps tools set"),
    pytest.param({"metadata": {"annotations": {"azvpn.dev/reconcile-at": "now"}}}, id="an annotation"),
    pytest.param({"metadata": {"finalizers": ["azvpn.dev/connection"]}}, id="a finalizer"),
    pytest.param({"spec": {"dpdTimeoutSeconds": 40}}, id="another field of the spec"),
    pytest.param(
        {"spec": {"sharedKeySecretRef": {"name": _OTHER_KEY, "key": "sharedKey"}}}, id="the default entry spelled out"
    ),
]
_NEW_REFERENCES = [
    pytest.param({"name": _TEAM_KEY, "key": "sharedKey"}, id="another Secret"),
    pytest.param({"name": _OTHER_KEY, "key": "token"}, id="another entry of the same Secret"),
    pytest.param({"name": _TEAM_KEY, "key": "token"}, id="another Secret and entry"),
]


@pytest.mark.parametrize("update", _WAYS_TO_UPDATE)
@pytest.mark.parametrize("change", _HARMLESS)
async def test_an_update_that_leaves_the_reference_needs_no_right_on_secrets(
    guarded: Guarded, update: _Update, change: Document
):
    document = _connection({"name": _OTHER_KEY})
    await guarded.create(_ADMIN, document)

    updated = await update(guarded, _READS_NONE, document, change)

    assert updated["spec"]["sharedKeySecretRef"] == {"name": _OTHER_KEY, "key": "sharedKey"}
    assert change.get("spec", {}).items() <= updated["spec"].items()
    assert change.get("metadata", {}).items() <= updated["metadata"].items()


@pytest.mark.parametrize("update", _WAYS_TO_UPDATE)
@pytest.mark.parametrize("reference", _NEW_REFERENCES)
async def test_a_new_reference_is_checked_like_a_new_object(guarded: Guarded, update: _Update, reference: Document):
    document = _connection({"name": _OTHER_KEY})
    before = await guarded.create(_ADMIN, document)
    change = {"spec": {"sharedKeySecretRef": reference}}

    await _assert_refused(update(guarded, _READS_NONE, document, change), _READS_NONE, reference["name"])
    assert await guarded.stored(document) == before

    assert (await update(guarded, _READS_ALL, document, change))["spec"]["sharedKeySecretRef"] == reference


async def test_the_new_secret_counts_and_not_the_old_one(guarded: Guarded):
    theirs, ours = _connection({"name": _OTHER_KEY}), _connection({"name": _TEAM_KEY})
    for document in (theirs, ours):
        await guarded.create(_ADMIN, document)

    moved = await guarded.patch(_READS_TEAM_KEY, theirs, {"spec": {"sharedKeySecretRef": {"name": _TEAM_KEY}}})

    assert moved["spec"]["sharedKeySecretRef"]["name"] == _TEAM_KEY
    away = {"spec": {"sharedKeySecretRef": {"name": _OTHER_KEY}}}
    await _assert_refused(guarded.patch(_READS_TEAM_KEY, ours, away), _READS_TEAM_KEY, _OTHER_KEY)


async def test_a_reference_can_be_taken_away_without_the_right_but_not_put_back(guarded: Guarded):
    document = _connection({"name": _TEAM_KEY})
    await guarded.create(_ADMIN, document)

    without = await guarded.patch(_READS_NONE, document, {"spec": {"sharedKeySecretRef": None}})

    assert "sharedKeySecretRef" not in without["spec"]
    back = {"spec": {"sharedKeySecretRef": {"name": _TEAM_KEY}}}
    await _assert_refused(guarded.patch(_READS_NONE, document, back), _READS_NONE, _TEAM_KEY)


async def test_who_has_lost_the_right_goes_on_with_everything_but_the_reference(guarded: Guarded):
    who, document = "leaver", _connection({"name": _TEAM_KEY})
    leaver = Guarded(guarded.plane, {**guarded.kubeconfigs, who: guarded.plane.user_kubeconfig(who)})
    rights = _grant(_user(who), [_EDIT_CONNECTIONS, _GET_TEAM_KEY], name=who)
    await guarded.plane.apply_objects(*rights, namespace=_NAMESPACE)
    await _until(lambda: leaver.may(who, "get", "secrets", _TEAM_KEY), "the right is there")
    await _until(lambda: leaver.may(who, "patch", "vpnconnections"), "the right is there")
    await leaver.apply(who, document)

    await guarded.plane.apply_objects(*_grant(_user(who), [_EDIT_CONNECTIONS], name=who), namespace=_NAMESPACE)

    async def has_lost_it() -> bool:
        return not await leaver.may(who, "get", "secrets", _TEAM_KEY)

    await _until(has_lost_it, "the right is gone")
    labelled = {**document, "metadata": {**document["metadata"], "labels": {"team": "a"}}}
    assert (await leaver.apply(who, labelled))["metadata"]["labels"] == {"team": "a"}
    entry = {"spec": {"sharedKeySecretRef": {"name": _TEAM_KEY, "key": "token"}}}
    await _assert_refused(leaver.patch(who, document, entry), who, _TEAM_KEY)
    await _assert_refused(leaver.create(who, _connection({"name": _TEAM_KEY})), who, _TEAM_KEY)
    await leaver.ask(who, "DELETE", _path(document))


async def test_deleting_needs_no_right_on_secrets(guarded: Guarded):
    document = _connection({"name": _TEAM_KEY})
    await guarded.create(_ADMIN, document)

    await guarded.ask(_READS_NONE, "DELETE", _path(document))

    with pytest.raises(ApiError, match="404"):
        await guarded.stored(document)


async def test_a_terminating_object_can_be_finalized_but_not_given_a_new_secret(guarded: Guarded):
    document = _connection({"name": _TEAM_KEY}, finalizers=["azvpn.dev/connection"])
    await guarded.create(_ADMIN, document)
    await guarded.ask(_READS_NONE, "DELETE", _path(document))
    other = {"metadata": {"finalizers": None}, "spec": {"sharedKeySecretRef": {"name": _OTHER_KEY}}}

    await _assert_refused(guarded.patch(_READS_NONE, document, other), _READS_NONE, _OTHER_KEY)
    await guarded.patch(_READS_NONE, document, {"spec": {"deletionPolicy": "Retain"}})
    await guarded.patch(_READS_NONE, document, {"metadata": {"finalizers": None}})

    with pytest.raises(ApiError, match="404"):
        await guarded.stored(document)


async def test_the_operators_own_writes_pass_though_it_may_get_no_secret(guarded: Guarded):
    document = _connection({"name": _TEAM_KEY})
    await guarded.create(_ADMIN, document)
    assert not await guarded.may(_OPERATOR, "get", "secrets", _TEAM_KEY)

    await guarded.patch(_OPERATOR, document, {"metadata": {"finalizers": ["azvpn.dev/connection"]}})
    status = {"status": {"observedGeneration": 1}}
    written = await guarded.ask(_OPERATOR, "PATCH", f"{_path(document)}/status", status, _MERGE)
    assert written["status"]["observedGeneration"] == 1
    await guarded.ask(_READS_NONE, "DELETE", _path(document))
    await guarded.patch(_OPERATOR, document, {"metadata": {"finalizers": []}})

    with pytest.raises(ApiError, match="404"):
        await guarded.stored(document)


async def _open(plane: ControlPlane, crd: Document) -> Guarded:
    """Put the policy and this CRD into a control plane, with a user who may edit connections and get no Secret."""
    await plane.apply_objects(crd)
    await plane.apply(_POLICY)
    await plane.create_namespace(_NAMESPACE)
    rights = _grant(_user(_READS_NONE), [_EDIT_CONNECTIONS], name=_READS_NONE)
    await plane.apply_objects(*rights, namespace=_NAMESPACE)
    guarded = Guarded(plane, {_ADMIN: plane.kubeconfig, _READS_NONE: plane.user_kubeconfig(_READS_NONE)})
    await _wait_until_in_force(guarded)
    return guarded


def _connections_crd() -> Document:
    crd: Document = yaml.safe_load((_CRDS / "azvpn.dev_vpnconnections.yaml").read_text())
    return crd


async def test_a_later_version_of_the_api_is_no_way_around(own_control_plane: ControlPlane):
    crd = _connections_crd()
    later = {**copy.deepcopy(crd["spec"]["versions"][0]), "name": "v1", "storage": False}
    crd["spec"]["versions"].append(later)
    guarded = await _open(own_control_plane, crd)
    path = f"/apis/azvpn.dev/v1/namespaces/{_NAMESPACE}/vpnconnections"
    wanted = {**_connection({"name": _TEAM_KEY}), "apiVersion": "azvpn.dev/v1"}

    await _assert_refused(guarded.ask(_READS_NONE, "POST", path, wanted), _READS_NONE, _TEAM_KEY)

    assert (await guarded.ask(_ADMIN, "POST", path, wanted))["apiVersion"] == "azvpn.dev/v1"


async def test_a_reference_that_cannot_be_understood_is_refused(own_control_plane: ControlPlane):
    crd = _connections_crd()
    spec = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    spec["properties"]["sharedKeySecretRef"] = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    guarded = await _open(own_control_plane, crd)

    attempt = guarded.create(_ADMIN, _connection({"secretName": _TEAM_KEY}))

    assert await _is_refused_by_the_policy(attempt)


async def test_the_server_adds_nothing_to_the_rules_that_a_gitops_tool_would_call_drift(guarded: Guarded):
    written = next(yaml.safe_load_all(_POLICY.read_text()))["spec"]["matchConstraints"]["resourceRules"]
    path = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/azvpn-secret-access"

    stored = await guarded.ask(_ADMIN, "GET", path)

    assert stored["spec"]["matchConstraints"]["resourceRules"] == written


def test_the_policy_is_installed_with_the_operator():
    kustomization = yaml.safe_load((_POLICY.parent / "kustomization.yaml").read_text())

    assert _POLICY.name in kustomization["resources"]
