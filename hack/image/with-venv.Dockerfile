# What the stand-in base lacks to be BUILD_BASE of the Dockerfile: Debian has `venv` in a package of its own.
ARG BASE
FROM ${BASE}
RUN apt-get update -qq \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv
