import pytest

from azure_vpn_operator.domain.azure.addresses import is_cidr, is_ip


@pytest.mark.parametrize(
    "text", ["0.0.0.0", "10.1.2.3", "255.255.255.255", "::", "::1", "fd00::1", "2001:DB8::a", "::1.2.3.4"]
)
def test_address_is_one(text: str):
    assert is_ip(text)
    assert is_cidr(f"{text}/0")
    assert is_cidr(f"{text}/32")
    assert not is_cidr(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "10.1.2",
        "10.1.2.3.4",
        "10.1.2.256",
        "010.1.2.3",
        "10.1.2.3 ",
        "::ffff:1.2.3.4",
        "fe80::1%eth0",
        "1::2::3",
        "\u0661.1.1.1",
        "x",
    ],
)
def test_other_text_is_no_address(text: str):
    assert not is_ip(text)
    assert not is_cidr(f"{text}/24")


@pytest.mark.parametrize("prefix", ["33", "-1", "+8", "08", "", " 8", "8 ", "\u0663", "8/8", "255.0.0.0", "9" * 5000])
def test_odd_prefix_makes_no_range(prefix: str):
    assert not is_cidr(f"10.0.0.0/{prefix}")


def test_prefix_of_ipv6_reaches_128():
    assert is_cidr("fd00::/128")
    assert not is_cidr("fd00::/129")
