"""The access file: who may use what in Azure, and as whom. YAML from a ConfigMap; what is secret is in other files."""

import re
from collections import Counter
from collections.abc import Hashable, Iterable
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError
from typing_extensions import override

from azure_vpn_operator.domain.access import AccessRules, Identity, NamespaceEntry
from azure_vpn_operator.domain.azure.canonical import ArmId
from azure_vpn_operator.domain.azure.names import RESOURCE_GROUP_NAME, SUBSCRIPTION_ID, VIRTUAL_NETWORK_GATEWAYS

LARGEST_FILE = 1024 * 1024
"""Bytes; a ConfigMap cannot hold more."""

_Uuid = Annotated[str, StringConstraints(pattern=SUBSCRIPTION_ID)]
_Group = Annotated[str, StringConstraints(pattern=RESOURCE_GROUP_NAME)]
_Path = Annotated[str, StringConstraints(pattern="^/[^\\x00]+$")]
_IdentityName = Annotated[str, StringConstraints(pattern="^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
_NamespacePattern = Annotated[str, StringConstraints(pattern="^[a-z0-9*?]([a-z0-9*?-]{0,61}[a-z0-9*?])?$")]
_NAME = re.compile("[A-Za-z0-9._*?-]{1,80}")


class AccessFileError(ValueError):
    """The file cannot be used; the text says where in it and why, and quotes nothing of it."""


class _Wire(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True, hide_input_in_errors=True)


class OtherNamespaces(StrEnum):
    """What holds for namespaces without an entry."""

    DENY = "Deny"
    ALLOW = "Allow"


class IdentityItem(_Wire):
    """An identity in Azure, by exactly one of the ways to log in."""

    name: _IdentityName
    tenant_id: _Uuid | None = None
    client_id: _Uuid | None = None
    federated_token_file: _Path | None = None
    client_secret_file: _Path | None = None
    certificate_file: _Path | None = None
    certificate_password_file: _Path | None = None
    managed_identity: bool = False

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        files = (self.federated_token_file, self.client_secret_file, self.certificate_file)
        if sum(path is not None for path in files) + self.managed_identity != 1:
            raise _problem(
                "exactly one of federatedTokenFile, clientSecretFile, certificateFile and managedIdentity: true is needed"
            )
        if not self.managed_identity and (self.tenant_id is None or self.client_id is None):
            raise _problem("tenantId and clientId are needed")
        if self.certificate_password_file is not None and self.certificate_file is None:
            raise _problem("certificatePasswordFile belongs to a certificateFile")
        return self

    def identity(self) -> Identity:
        """The same as a value."""
        return Identity(
            name=self.name,
            tenant_id=self.tenant_id or "",
            client_id=self.client_id or "",
            federated_token_file=self.federated_token_file or "",
            client_secret_file=self.client_secret_file or "",
            certificate_file=self.certificate_file or "",
            certificate_password_file=self.certificate_password_file or "",
        )


class NamespaceItem(_Wire):
    """What some namespaces may use."""

    names: tuple[_NamespacePattern, ...]
    identity: str | None = None
    subscriptions: tuple[_Uuid, ...] | None = None
    resource_groups: tuple[_Group, ...] | None = None
    gateways: tuple[str, ...] | None = None

    @model_validator(mode="after")
    def _readable(self) -> Self:
        if not self.names:
            raise _problem("names is empty: the entry is about no namespace")
        for place, gateway in enumerate(self.gateways or ()):
            if not _is_gateway(gateway):
                raise _problem(
                    f"gateways[{place}] is neither the id of a virtual network gateway nor a pattern of a name"
                )
        return self


class AccessFile(_Wire):
    """The whole file."""

    default: OtherNamespaces = OtherNamespaces.DENY
    identities: tuple[IdentityItem, ...] = ()
    namespaces: tuple[NamespaceItem, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        names = Counter(item.name for item in self.identities)
        for place, item in enumerate(self.identities):
            if names[item.name] > 1:
                raise _problem(f"identities[{place}].name is there more than once")
        for place, entry in enumerate(self.namespaces):
            if entry.identity is not None and entry.identity not in names:
                raise _problem(f"namespaces[{place}].identity names none of the identities")
            for earlier_place, earlier in enumerate(self.namespaces[:place]):
                for number, name in enumerate(entry.names):
                    if any(fnmatchcase(name, pattern) for pattern in earlier.names):
                        raise _problem(
                            f"namespaces[{place}].names[{number}] is never reached, since namespaces[{earlier_place}] comes first "
                            "and fits it: put the more exact entry first"
                        )
        return self

    def rules(self) -> AccessRules:
        """The same as a value."""
        identities = {item.name: item.identity() for item in self.identities}
        return AccessRules(
            entries=tuple(
                NamespaceEntry(
                    names=entry.names,
                    identity=identities[entry.identity] if entry.identity is not None else None,
                    subscriptions=_lowered(entry.subscriptions),
                    resource_groups=_lowered(entry.resource_groups),
                    gateways=tuple(item.lower().removesuffix("/") for item in entry.gateways)
                    if entry.gateways is not None
                    else None,
                )
                for entry in self.namespaces
            ),
            allow_others=self.default is OtherNamespaces.ALLOW,
        )


def read_access_file(path: str) -> bytes:
    """The file's content; raises `AccessFileError` if it cannot be read."""
    try:
        with Path(path).open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise AccessFileError(f"{path}: {error.strerror or type(error).__name__}") from None
    if len(content) > LARGEST_FILE:
        raise AccessFileError(f"{path}: larger than {LARGEST_FILE} bytes")
    return content


def parse_access_file(content: bytes, path: str) -> AccessRules:
    """The rules in the content; raises `AccessFileError` with all that is wrong, a line each."""
    try:
        document = yaml.load(content, Loader=_StrictLoader)  # noqa: S506 (a safe loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark is not None else ""
        problem = getattr(error, "problem", None) or "it cannot be decoded"
        raise AccessFileError(f"{path}: not YAML{where}: {problem}") from None
    except (RecursionError, ValueError):
        raise AccessFileError(f"{path}: not YAML: it cannot be decoded") from None
    if not isinstance(document, dict):
        raise AccessFileError(f"{path}: not a mapping with identities, namespaces and default")
    try:
        return AccessFile.model_validate(document).rules()
    except ValidationError as error:
        problems = error.errors(include_input=False, include_url=False, include_context=False)
        lines = (f"{path}: {_where(item['loc'])}{item['msg']}" for item in problems[:20])
        raise AccessFileError("\n".join(lines)) from None


def load_access_file(path: str) -> AccessRules:
    """Read and parse; raises `AccessFileError`."""
    return parse_access_file(read_access_file(path), path)


class _StrictLoader(yaml.SafeLoader):
    """Refuses a key that is there twice, of which YAML would silently take the last."""

    @override
    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:
        seen = Counter(str(key.value) for key, _ in node.value)
        for key, _ in node.value:
            if seen[str(key.value)] > 1:
                raise yaml.constructor.ConstructorError(None, None, "a key is there more than once", key.start_mark)
        return super().construct_mapping(node, deep)


def _is_gateway(text: str) -> bool:
    if "/" not in text:
        return _NAME.fullmatch(text) is not None
    parsed = ArmId.find(text)
    if parsed is None:
        return False
    types = [kind.lower() for kind, _ in parsed.types]
    return parsed.provider.lower() == "microsoft.network" and types == [VIRTUAL_NETWORK_GATEWAYS.lower()]


def _lowered(texts: Iterable[str] | None) -> frozenset[str] | None:
    return frozenset(text.lower() for text in texts) if texts is not None else None


def _where(location: tuple[int | str, ...]) -> str:
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).lstrip(".")
    return f"{path}: " if path else ""


def _problem(text: str) -> PydanticCustomError:
    return PydanticCustomError("access_file", "{text}", {"text": text})
