"""Traffic selectors of the connections of one gateway that fit the same traffic: which tunnel it takes is then anybody's guess."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_network

from azure_vpn_operator.domain.rules.rule import Json


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two pairs of ranges that have traffic in common, by the connections' places in the list that was given."""

    earlier: int
    later: int
    field: str
    """The item of the later one's `spec.trafficSelectorPolicies`."""
    local: str
    remote: str
    earlier_local: str
    earlier_remote: str


@dataclass(frozen=True, slots=True)
class _Pair:
    owner: int
    item: int
    local: str
    remote: str
    bounds: tuple[int, int, int, int]
    """First and last address on Azure's side, then on the other side."""


def find_overlaps(specs: Sequence[Json]) -> Iterator[Overlap]:
    """Yield the first overlap of each two valid specs, and of each spec with itself, by the later one."""
    pairs = [pair for owner, spec in enumerate(specs) for pair in _pairs_of(owner, spec)]
    found: dict[tuple[int, int], tuple[_Pair, _Pair]] = {}
    # One after the other by where the remote range begins: only those that have not ended yet can overlap.
    for version in (4, 6):
        alive: list[_Pair] = []
        for pair in sorted((pair for v, pair in pairs if v == version), key=lambda pair: pair.bounds[2]):
            alive = [other for other in alive if other.bounds[3] >= pair.bounds[2]]
            for other in alive:
                if other.bounds[0] <= pair.bounds[1] and pair.bounds[0] <= other.bounds[1]:
                    first, last = sorted((other, pair), key=lambda one: (one.owner, one.item))
                    known = found.get((first.owner, last.owner))
                    if known is None or (last.item, first.item) < (known[1].item, known[0].item):
                        found[first.owner, last.owner] = first, last
            alive.append(pair)
    for (earlier, later), (first, last) in sorted(found.items(), key=lambda entry: entry[0][::-1]):
        field = f"spec.trafficSelectorPolicies[{last.item}]"
        yield Overlap(earlier, later, field, last.local, last.remote, first.local, first.remote)


def _pairs_of(owner: int, spec: Json) -> Iterator[tuple[int, _Pair]]:
    for index, item in enumerate(spec.get("trafficSelectorPolicies", ())):
        for local in item["localAddressRanges"]:
            for remote in item["remoteAddressRanges"]:
                one, other = ip_network(local, strict=False), ip_network(remote, strict=False)
                if one.version == other.version:
                    ends = (one[0], one[-1], other[0], other[-1])
                    first, last, start, end = (int(address) for address in ends)
                    yield one.version, _Pair(owner, index, local, remote, (first, last, start, end))
