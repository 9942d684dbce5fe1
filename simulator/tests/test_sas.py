"""What swanctl prints of security associations, read back."""

from azure_vpn_simulator.strongswan.sas import ChildSa, IkeSa, read_sas

PRINTED = (
    "list-sa event {to-azure {uniqueid=1 version=2 state=ESTABLISHED local-host=203.0.113.2 local-id=203.0.113.2 "
    "initiator=yes encr-alg=AES_CBC encr-keysize=256 integ-alg=HMAC_SHA2_384_192 prf-alg=PRF_HMAC_SHA2_384 "
    "dh-group=MODP_2048_256 established=0 child-sas {net-1 {name=net uniqueid=1 state=DELETED encr-alg=AES_CBC "
    "encr-keysize=256 integ-alg=HMAC_SHA2_256_128 bytes-in=38 bytes-out=0 local-ts=[10.6.0.0/16 10.7.0.0/16] "
    "remote-ts=[10.1.0.0/16]} net-2 {name=net state=INSTALLED encr-alg=AES_GCM_16 encr-keysize=128 "
    "dh-group=ECP_256 bytes-in=1 bytes-out=2 life-time=3600 local-ts=[0.0.0.0/0] remote-ts=[0.0.0.0/0]}}}}\n"
    "list-sas reply {}\n"
)


def test_sas_are_read_with_their_children():
    (found,) = read_sas(PRINTED)

    assert found == IkeSa(
        name="to-azure",
        state="ESTABLISHED",
        encryption="AES_CBC_256",
        integrity="HMAC_SHA2_384_192",
        prf="PRF_HMAC_SHA2_384",
        group="MODP_2048_256",
        children=(
            ChildSa(
                *("net", "DELETED", "AES_CBC_256", "HMAC_SHA2_256_128", "", 38, 0, 0),
                local=("10.6.0.0/16", "10.7.0.0/16"),
                remote=("10.1.0.0/16",),
            ),
            ChildSa(
                *("net", "INSTALLED", "AES_GCM_16_128", "", "ECP_256", 1, 2, 3600),
                local=("0.0.0.0/0",),
                remote=("0.0.0.0/0",),
            ),
        ),
    )
    assert [child.group for child in found.installed] == ["ECP_256"]


def test_an_ike_sa_without_children_and_no_sa_at_all():
    assert read_sas("list-sa event {azure {state=CONNECTING child-sas {}}}\n")[0].children == ()
    assert read_sas("list-sas reply {}\n") == ()
