# The operator's image: docker build -t azure-vpn-operator:0.1.0 .
# Everything is installed from the locks in hack/requirements, by hash.

FROM docker.io/library/python:3.11-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
# A builder of its own: what is needed to make the wheel does not get into the image.
COPY hack/requirements/dev.txt hack/requirements/
RUN python -m venv /opt/build && /opt/build/bin/pip install --quiet --require-hashes -r hack/requirements/dev.txt
COPY hack/requirements/runtime.txt hack/requirements/
RUN python -m venv /opt/azure-vpn-operator \
 && /opt/azure-vpn-operator/bin/pip install --quiet --require-hashes -r hack/requirements/runtime.txt
COPY pyproject.toml README.md LICENSE ./
COPY operator operator
RUN /opt/build/bin/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir /wheels . \
 && /opt/azure-vpn-operator/bin/pip install --quiet --no-deps --no-index /wheels/*.whl \
 && /opt/azure-vpn-operator/bin/pip uninstall --quiet --yes pip setuptools \
 # The file system is read-only when it runs, so nothing could be compiled then. Unchecked: the sources never change.
 && python -m compileall -q --invalidation-mode unchecked-hash /opt/azure-vpn-operator/lib

FROM docker.io/library/python:3.11-slim
COPY --from=build /opt/azure-vpn-operator /opt/azure-vpn-operator
ENV PATH=/opt/azure-vpn-operator/bin:$PATH PYTHONSAFEPATH=1 PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
# A number, so that Kubernetes can see that it is not root.
USER 65532:65532
EXPOSE 8080 8081
ENTRYPOINT ["/opt/azure-vpn-operator/bin/azure-vpn-operator"]
CMD ["run"]
