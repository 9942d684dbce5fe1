import pytest

from azure_vpn_operator.arm.settings import ArmSettings, same_origin


@pytest.mark.parametrize(
    ("settings", "scope", "authority"),
    [
        pytest.param(
            ArmSettings(),
            "https://management.azure.com/.default",
            "https://login.microsoftonline.com",
            id="the public cloud needs nothing",
        ),
        pytest.param(
            ArmSettings(endpoint="https://management.usgovcloudapi.net/"),
            "https://management.core.usgovcloudapi.net/.default",
            "https://login.microsoftonline.us",
            id="US government: tokens are for another address than the endpoint",
        ),
        pytest.param(
            ArmSettings(endpoint="https://management.chinacloudapi.cn"),
            "https://management.chinacloudapi.cn/.default",
            "https://login.chinacloudapi.cn",
            id="China",
        ),
        pytest.param(
            ArmSettings(endpoint="https://127.0.0.1:8443/", authority="https://127.0.0.1:9443/"),
            "https://127.0.0.1:8443/.default",
            "https://127.0.0.1:9443",
            id="a simulator: the endpoint is the audience",
        ),
        pytest.param(
            ArmSettings(authority="login.example.test"),
            "https://management.azure.com/.default",
            "https://login.example.test",
            id="an authority as a bare host, as azure-identity takes it",
        ),
        pytest.param(
            ArmSettings(audience="https://management.core.windows.net/"),
            "https://management.core.windows.net/.default",
            "https://login.microsoftonline.com",
            id="an audience in the form of the older service",
        ),
        pytest.param(
            ArmSettings(audience="https://example.test/.default"),
            "https://example.test/.default",
            "https://login.microsoftonline.com",
            id="an audience that is a scope already",
        ),
    ],
)
def test_scope_and_authority_follow_the_endpoint(settings: ArmSettings, scope: str, authority: str):
    assert (settings.scope, settings.login_authority) == (scope, authority)


@pytest.mark.parametrize(
    "addresses",
    [
        pytest.param({"endpoint": "http://management.azure.com"}, id="endpoint without TLS"),
        pytest.param({"endpoint": "management.azure.com"}, id="endpoint without scheme"),
        pytest.param({"authority": "http://login.microsoftonline.com"}, id="authority without TLS"),
    ],
)
def test_addresses_without_tls_are_refused(addresses: dict[str, str]):
    with pytest.raises(ValueError, match="not an https address"):
        ArmSettings(**addresses)


@pytest.mark.parametrize(
    ("proxies", "reached"),
    [
        pytest.param({}, set(), id="no proxy"),
        pytest.param(
            {"https_proxy": "http://proxy.test:3128"},
            {"https://arm.test:8443", "https://login.test"},
            id="a proxy for both hosts",
        ),
        pytest.param(
            {"https_proxy": "http://proxy.test:3128", "no_proxy": "localhost, .other.test ,login.test"},
            {"https://arm.test:8443"},
            id="one of them directly",
        ),
        pytest.param({"https_proxy": "http://proxy.test:3128", "no_proxy": "*"}, set(), id="all directly"),
        pytest.param(
            {"https_proxy": "http://proxy.test:3128", "no_proxy": "test"}, set(), id="the whole domain directly"
        ),
    ],
)
def test_proxy_is_for_the_endpoint_and_the_login_host(proxies: dict[str, str], reached: set[str]):
    settings = ArmSettings(endpoint="https://arm.test:8443/", authority="https://login.test/", **proxies)
    assert settings.proxies == dict.fromkeys(reached, "http://proxy.test:3128")


def test_secrets_are_not_in_the_repr():
    settings = ArmSettings(
        client_secret="canary-one",
        client_certificate_password="canary-two",
        https_proxy="http://user:canary-three@proxy.test",
    )
    assert "canary" not in repr(settings)


@pytest.mark.parametrize(
    ("url", "same"),
    [
        pytest.param("https://arm.test/subscriptions/s/x?a=b", True, id="the same host"),
        pytest.param("https://ARM.test:443/x", True, id="other spelling, explicit port"),
        pytest.param("http://arm.test/x", False, id="without TLS"),
        pytest.param("https://arm.test:8443/x", False, id="another port"),
        pytest.param("https://evil.test/arm.test", False, id="another host"),
        pytest.param("https://arm.test.evil.test/", False, id="the host as a prefix"),
        pytest.param("https://arm.test@evil.test/", False, id="the host as a user"),
        pytest.param("https://user@arm.test/", False, id="a user"),
        pytest.param("https://evil.test\\@arm.test/", False, id="a backslash that parsers read differently"),
        pytest.param("//arm.test/x", False, id="no scheme"),
        pytest.param("/subscriptions/x", False, id="no host"),
        pytest.param("https://arm.test:x/", False, id="a port that is no number"),
        pytest.param("https://[::1/", False, id="not a URL"),
        pytest.param("", False, id="nothing"),
    ],
)
def test_only_the_endpoint_itself_may_see_the_token(url: str, same: bool):
    assert same_origin(url, "https://arm.test/") is same


@pytest.mark.parametrize(
    ("settings", "url", "scope"),
    [
        pytest.param(
            ArmSettings(), "https://api.loganalytics.io", "https://api.loganalytics.io/.default", id="the public cloud"
        ),
        pytest.param(
            ArmSettings(endpoint="https://management.usgovcloudapi.net"),
            "https://api.loganalytics.us",
            "https://api.loganalytics.us/.default",
            id="US government",
        ),
        pytest.param(
            ArmSettings(endpoint="https://127.0.0.1:8443"),
            "",
            "/.default",
            id="an unknown cloud: nobody gets a token of it",
        ),
        pytest.param(
            ArmSettings(
                endpoint="https://127.0.0.1:8443",
                log_analytics_endpoint="https://127.0.0.1:8443/",
                log_analytics_audience="https://api.loganalytics.io",
            ),
            "https://127.0.0.1:8443",
            "https://api.loganalytics.io/.default",
            id="the simulator",
        ),
    ],
)
def test_where_workspaces_are_queried(settings: ArmSettings, url: str, scope: str):
    assert (settings.logs_url, settings.logs_scope) == (url, scope)


def test_log_analytics_without_tls_is_refused():
    with pytest.raises(ValueError, match="not an https address"):
        ArmSettings(log_analytics_endpoint="http://api.loganalytics.io")
