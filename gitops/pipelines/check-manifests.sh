#!/bin/sh
# Checks the manifests of a repository against a real API server with our CRDs, and changes nothing in it but CRDs and namespaces.
# Meant for a cluster that the pipeline throws away, such as one made by kind.
#
#   check-manifests.sh CRDS FOLDER [EXTRA...]
#
# CRDS: the folder crds/ of the release that runs in your clusters. FOLDER: your manifests; a folder below it that has a
# kustomization.yaml is built as one. EXTRA: files or folders to apply first, such as your ValidatingAdmissionPolicies.
set -u
if [ "$#" -lt 2 ]; then
    echo "usage: $0 CRDS FOLDER [EXTRA...]" >&2
    exit 2
fi
crds=$1 folder=$2
shift 2

kubectl apply --server-side --force-conflicts -k "$crds" || exit 2
kubectl wait --for=condition=Established crd/ipsecpolicies.azvpn.dev crd/vpnconnections.azvpn.dev --timeout=60s || exit 2
for extra in "$@"; do
    kubectl apply --server-side --force-conflicts -f "$extra" || exit 2
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
find "$folder" -name 'kustomization.y*ml' | sort >"$work/kustomizations"
find "$folder" -name '*.yaml' -o -name '*.yml' | sort >"$work/files"

# A dry run needs the namespaces that the manifests name.
while read -r file; do
    grep -hoE '^( {2}|metadata:.*[{ ,])namespace: *[a-z0-9-]+' "$file" | sed 's/.*: *//'
done <"$work/files" | sort -u | while read -r namespace; do
    kubectl create namespace "$namespace" --dry-run=client -o yaml | kubectl apply --server-side -f - >/dev/null
done

failed=0
check() { # check WHAT kubectl-arguments...
    what=$1
    shift
    # Who owns which field is no matter of the manifests: in a dry run nothing is taken from anybody.
    if said=$(kubectl apply --server-side --force-conflicts --dry-run=server --validate=strict "$@" 2>&1); then
        printf 'ok    %s\n' "$what"
    else
        printf 'FAIL  %s\n' "$what"
        printf '%s\n' "$said" | grep -v 'serverside-applied' | sed 's/^/      /'
        failed=1
    fi
    printf '%s\n' "$said" | grep '^Warning:' | sed 's/^/      /'
}

while read -r file; do
    check "$(dirname "$file")" -k "$(dirname "$file")"
done <"$work/kustomizations"
while read -r file; do
    case $(basename "$file") in kustomization.y*ml) continue ;; esac
    [ -e "$(dirname "$file")/kustomization.yaml" ] || [ -e "$(dirname "$file")/kustomization.yml" ] || check "$file" -f "$file"
done <"$work/files"
exit $failed
