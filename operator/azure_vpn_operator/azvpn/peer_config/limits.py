"""Lifetimes within what a device takes. They are local to each end and need not be equal, so a nearer value is a note and no fault."""

from azure_vpn_operator.azvpn.peer_config.page import Page


def within(value: int, least: int, most: int, what: str, device: str, page: Page) -> int:
    """The value, or the nearest one that the device takes, which the page then says."""
    nearest = min(max(value, least), most)
    if nearest != value:
        page.note(
            f"{what}: {device} takes {least} to {most}, so {nearest} stands for Azure's {value}; they need not be equal"
        )
    return nearest
