# The operator's image. `make image` builds it with what this machine has; with Docker alone:
#   docker build -t azure-vpn-operator:0.1.0 .
# What Python needs is installed from the locks in hack/requirements, by hash.
#
# BASE: Python 3.11 or newer, a shell and CA certificates. Python may be in /usr/local, as in the official image, or in
# /usr, as in Debian. BUILD_BASE: the same with `venv`, and with Python in the same place.
ARG BASE=docker.io/library/python:3.11-slim
ARG BUILD_BASE=${BASE}

FROM ${BUILD_BASE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore PYTHONDONTWRITEBYTECODE=1
WORKDIR /src
# A builder of its own: what is needed to make the wheel does not get into the image.
# Behind a proxy that has certificates of its own: --secret id=ca,src=FILE. For another index: --secret id=pip,src=pip.conf.
COPY hack/requirements/build.txt hack/requirements/
RUN --mount=type=secret,id=ca --mount=type=secret,id=pip,target=/etc/pip.conf \
    if [ -s /run/secrets/ca ]; then export PIP_CERT=/run/secrets/ca; fi \
 && python3 -m venv /opt/build \
 && /opt/build/bin/pip install --quiet --require-hashes -r hack/requirements/build.txt
COPY hack/requirements/runtime.txt hack/requirements/
COPY hack/image/archives.py hack/image/
RUN --mount=type=secret,id=ca --mount=type=secret,id=pip,target=/etc/pip.conf \
    if [ -s /run/secrets/ca ]; then export PIP_CERT=/run/secrets/ca; fi \
 && python3 -m venv --without-pip /opt/azure-vpn-operator \
 && /opt/build/bin/pip --python /opt/azure-vpn-operator/bin/python install --quiet --no-compile --require-hashes \
      --report /tmp/report.json -r hack/requirements/runtime.txt \
 && python3 hack/image/archives.py /tmp/report.json > /opt/azure-vpn-operator/archives.json
COPY pyproject.toml README.md LICENSE ./
COPY operator operator
RUN /opt/build/bin/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir /wheels . \
 && /opt/build/bin/pip --python /opt/azure-vpn-operator/bin/python install --quiet --no-compile --no-deps --no-index /wheels/*.whl \
 # The file system is read-only when it runs, so nothing could be compiled then. Unchecked: the sources never change.
 && python3 -m compileall -q --invalidation-mode unchecked-hash /opt/azure-vpn-operator/lib

FROM ${BASE}
COPY --from=build /opt/azure-vpn-operator /opt/azure-vpn-operator
# HOME: the Kubernetes client asks for it when it is imported, and this user has no entry in /etc/passwd.
ENV PATH=/opt/azure-vpn-operator/bin:$PATH HOME=/ PYTHONSAFEPATH=1 PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
RUN --mount=type=bind,source=hack/image,target=/finish sh /finish/finish.sh
# A number, so that Kubernetes can see that it is not root.
USER 65532:65532
EXPOSE 8080 8081
ENTRYPOINT ["/opt/azure-vpn-operator/bin/azure-vpn-operator"]
CMD ["run"]
ARG BASE
ARG VERSION=0.1.0
ARG REVISION=
LABEL org.opencontainers.image.title="azure-vpn-operator" \
      org.opencontainers.image.description="Run Azure VPN connections and their IPsec/IKE policies from Git" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="${BASE}"
