import pytest
from pydantic import ValidationError

from azure_vpn_operator.api.vpn_connection import AdoptionPolicy, DeletionPolicy, DriftPolicy, ManagementPolicy
from azure_vpn_operator.app.cli import main
from azure_vpn_operator.app.settings import Environment, Settings, arm_settings_of, cluster_settings_of, installation_of

OTHER_VALUES = {
    "installation_id": "prod-1",
    "management_policy": "Observe",
    "max_management_policy": "Observe",
    "adoption_policy": "Never",
    "drift_policy": "Report",
    "deletion_policy": "Retain",
    "confirm_within_seconds": "300",
    "on_failure": "Pause",
    "hold_down_seconds": "30",
    "max_disruptions": "3",
    "watch_namespaces": "a, b,,c",
    "namespace": "vpn",
    "leader_election": "false",
    "lease_name": "vpn-north",
    "lease_duration": "45",
    "watch_secrets": "true",
    "secrets_interval": "30",
    "workers": "3",
    "status_interval": "60",
    "recent_interval": "5.5",
    "drift_interval": "20",
    "azure_timeout": "5",
    "sweep_interval": "100",
    "metrics_address": "127.0.0.1:9000",
    "per_object_metrics": "false",
    "probe_address": ":9001",
    "status_page_address": "127.0.0.1:8082",
    "status_page_hosts": "vpn.example.org, map",
    "log_level": "DEBUG",
    "log_format": "text",
    "kubeconfig": "/etc/kubeconfig",
    "kube_context": "prod",
    "api_version": "2025-01-01",
    "access_file": "/etc/azure-vpn-operator/access.yaml",
    "log_analytics_workspace_id": "55555555-5555-4555-8555-555555555555",
}
"""A value other than the default for each setting, as text: how flags and environment give it."""


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"AZVPN_{name.upper()}", raising=False)
    for name in Environment.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def test_the_table_has_every_setting():
    assert OTHER_VALUES.keys() == Settings.model_fields.keys()


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_an_environment_variable(monkeypatch: pytest.MonkeyPatch, name: str):
    monkeypatch.setenv("AZVPN_INSTALLATION_ID", "it")
    default = getattr(Settings(), name)  # type: ignore[call-arg]
    monkeypatch.setenv(f"AZVPN_{name.upper()}", OTHER_VALUES[name])
    given = getattr(Settings(), name)  # type: ignore[call-arg]
    assert given != default
    assert given == getattr(Settings(**{"installation_id": "it", name: OTHER_VALUES[name]}), name)


@pytest.mark.parametrize("name", Settings.model_fields)
def test_an_empty_variable_is_an_absent_one_unless_empty_is_a_value(monkeypatch: pytest.MonkeyPatch, name: str):
    """`AZVPN_METRICS_ADDRESS=` is how a pod says that it serves no metrics; in a chart most empty values are just not set."""
    monkeypatch.setenv("AZVPN_INSTALLATION_ID", "it")
    expected = "" if name == "metrics_address" else getattr(Settings(), name)  # type: ignore[call-arg]
    monkeypatch.setenv(f"AZVPN_{name.upper()}", "")

    if name == "installation_id":
        with pytest.raises(ValidationError):
            Settings()  # type: ignore[call-arg]
        return
    assert getattr(Settings(), name) == expected  # type: ignore[call-arg]


def test_a_flag_wins_over_an_empty_variable(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AZVPN_METRICS_ADDRESS", "")

    assert Settings(installation_id="it", metrics_address=":1").metrics_address == ":1"
    monkeypatch.setenv("AZVPN_METRICS_ADDRESS", ":2")
    assert Settings(installation_id="it", metrics_address="").metrics_address == ""


def test_what_is_given_directly_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AZVPN_WORKERS", "7")
    assert Settings(installation_id="it", workers=2).workers == 2


def test_every_setting_says_what_it_is():
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_a_list_of_namespaces_is_split_and_trimmed():
    assert Settings(installation_id="it", watch_namespaces="a, b,,c").watch_namespaces == ("a", "b", "c")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("installation_id", "", id="no installation id"),
        pytest.param("installation_id", "a/b", id="a slash in the installation id"),
        pytest.param("installation_id", "x" * 64, id="a long installation id"),
        pytest.param("workers", "0", id="no workers"),
        pytest.param("workers", "many", id="no number"),
        pytest.param("status_interval", "0", id="no interval"),
        pytest.param("management_policy", "Preview", id="no such policy"),
        pytest.param("log_level", "TRACE", id="an unknown level"),
        pytest.param("api_version", "latest", id="no version"),
    ],
)
def test_wrong_values_are_refused(name: str, value: str):
    with pytest.raises(ValidationError) as refused:
        Settings(**{"installation_id": "it", name: value})
    assert name in str(refused.value)


def test_an_installation_is_what_the_settings_say():
    settings = Settings(
        **{name: value for name, value in OTHER_VALUES.items() if "policy" in name or name == "installation_id"}
    )
    found = installation_of(settings, Environment(azure_subscription_id="s"))
    assert (found.id, found.subscription_id) == ("prod-1", "s")
    assert (found.management_policy, found.max_management_policy) == (
        ManagementPolicy.OBSERVE,
        ManagementPolicy.OBSERVE,
    )
    assert (found.adoption_policy, found.drift_policy, found.deletion_policy) == (
        AdoptionPolicy.NEVER,
        DriftPolicy.REPORT,
        DeletionPolicy.RETAIN,
    )


def test_the_identity_comes_from_the_standard_variables(monkeypatch: pytest.MonkeyPatch):
    for name, value in {
        "AZURE_TENANT_ID": "tenant",
        "AZURE_CLIENT_ID": "client",
        "AZURE_CLIENT_SECRET": "hidden-value",
        "AZURE_RESOURCE_MANAGER_ENDPOINT": "https://arm.example",
        "AZURE_RESOURCE_MANAGER_AUDIENCE": "https://audience.example",
        "AZURE_AUTHORITY_HOST": "https://login.example",
        "AZURE_FEDERATED_TOKEN_FILE": "/token",
        "SSL_CERT_FILE": "/ca.crt",
    }.items():
        monkeypatch.setenv(name, value)
    environment = Environment()
    arm = arm_settings_of(Settings(installation_id="it", api_version="2025-01-01"), environment, "1.2")
    assert (arm.tenant_id, arm.client_id, arm.client_secret) == ("tenant", "client", "hidden-value")
    assert (arm.endpoint, arm.audience, arm.authority) == (
        "https://arm.example",
        "https://audience.example",
        "https://login.example",
    )
    assert (arm.federated_token_file, arm.ca_file, arm.api_version) == ("/token", "/ca.crt", "2025-01-01")
    assert "1.2" in arm.user_agent
    assert "hidden-value" not in repr((environment, arm))


def test_the_second_name_of_the_certificate_file_counts_if_the_first_is_absent():
    settings = Settings(installation_id="it")
    assert arm_settings_of(settings, Environment(requests_ca_bundle="/b"), "1").ca_file == "/b"
    assert arm_settings_of(settings, Environment(requests_ca_bundle="/b", ssl_cert_file="/a"), "1").ca_file == "/a"


def test_an_endpoint_without_tls_is_refused():
    environment = Environment(azure_resource_manager_endpoint="http://arm.example")
    with pytest.raises(ValueError, match="https"):
        arm_settings_of(Settings(installation_id="it"), environment, "1")


@pytest.mark.parametrize(
    ("flag", "variable", "used"),
    [
        pytest.param("/flag", "/variable", "/flag", id="the flag wins"),
        pytest.param("", "/variable", "/variable", id="then KUBECONFIG"),
        pytest.param("", None, None, id="then the pod's own account"),
    ],
)
def test_where_the_cluster_is(flag: str, variable: str | None, used: str | None):
    found = cluster_settings_of(Settings(installation_id="it", kubeconfig=flag), Environment(kubeconfig=variable))
    assert found.kubeconfig == used


# -- the command line


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]):
    assert main(["version"]) == 0
    assert capsys.readouterr().out.startswith("azure-vpn-operator ")


def test_help_names_every_flag(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as ended:
        main(["run", "--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    assert [name for name in Settings.model_fields if f"--{name.replace('_', '-')} " not in text] == []


@pytest.mark.parametrize(
    ("arguments", "variables", "told"),
    [
        pytest.param([], {}, ["--installation-id", "AZVPN_INSTALLATION_ID"], id="a required one is missing"),
        pytest.param(["--installation-id", "it", "--workers", "0"], {}, ["--workers", "AZVPN_WORKERS", "greater"], id="a wrong flag"),
        pytest.param(["--installation-id", "it"], {"AZVPN_WORKERS": "x"}, ["--workers", "AZVPN_WORKERS"], id="a wrong variable"),
        pytest.param(
            ["--installation-id", "it", "--workers", "0", "--drift-policy", "No"], {}, ["--workers", "--drift-policy"], id="all at once"
        ),
        pytest.param(["--installation-id", "it", "--probe-address", "nowhere"], {}, ["nowhere"], id="no address"),
        pytest.param(["--installation-id", "it"], {"AZURE_RESOURCE_MANAGER_ENDPOINT": "http://x"}, ["https"], id="no TLS"),
    ],
)  # fmt: skip
def test_wrong_settings_end_with_2_and_name_flag_and_variable(
    arguments: list[str],
    variables: dict[str, str],
    told: list[str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert main(["run", *arguments]) == 2
    error = capsys.readouterr().err
    assert [text for text in told if text not in error] == []


def test_a_wrong_value_is_not_repeated_in_the_error(capsys: pytest.CaptureFixture[str]):
    assert main(["run", "--installation-id", "hunter2/secret"]) == 2
    assert "hunter2" not in capsys.readouterr().err


def test_an_unknown_flag_and_no_command_end_with_2():
    for arguments in (["run", "--nonsense", "1"], []):
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert ended.value.code == 2
