# The image of a node. It takes the place of Charon's: binary as entry point, `run` as command, /opt/charon as working
# directory with .charon in it, uid 1000, ports 3600 (validator API), 3610 (peers), 3620 (monitoring), 3640 (relay),
# wget for health checks. `fio`, which Charon's image has for the disk tests of `alpha test infra`, brings 200 MB of
# libraries: `--build-arg TOOLS=fio` adds it; without it these tests say that it is missing.
#
#   docker build --build-arg STYX_GIT_HASH=$(git rev-parse HEAD | cut -c1-7) -t styx .
#   docker run --rm styx version
#
# Written where no container engine was: Scripts/image-check carries the last stage out in a directory and runs a node
# in it; the first stage is Scripts/release-binary.
ARG SWIFT_IMAGE=swift:6.3.1-bookworm

FROM ${SWIFT_IMAGE} AS build
# Versions are the release's own: pinning them would break the build with the first security update.
# hadolint ignore=DL3008
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        ca-certificates libsecp256k1-dev libsqlite3-dev pkg-config python3 python3-pip zlib1g-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
# blst first: it changes with its pinned hash only.
COPY Scripts/setup-blst Scripts/setup-blst
RUN Scripts/setup-blst
COPY Package.swift ./
COPY Sources Sources
# The manifest names test targets, whose folders have to be there.
COPY Tests Tests
COPY Scripts/release-binary Scripts/release.py Scripts/release_icu.py Scripts/release_sbom.py Scripts/
COPY packaging/release packaging/release
# Seven digits of the commit, which the build cannot know here.
ARG STYX_GIT_HASH=""
RUN Scripts/release-binary /out/styx && /out/styx version

FROM debian:bookworm-slim
ARG TOOLS=""
# The binary brings its libraries along, glibc excepted.
# hadolint ignore=DL3008,SC2086
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends ca-certificates wget ${TOOLS} \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 1000 charon \
    && useradd --uid 1000 --gid charon --no-create-home --home-dir /opt/charon --shell /usr/sbin/nologin charon \
    && install -d -o charon -g charon -m 0755 /opt/charon \
    && install -d -o charon -g charon -m 0700 /opt/charon/.charon
COPY --from=build /out/styx /usr/local/bin/styx
COPY LICENSE /usr/share/doc/styx/LICENSE
# Fails here, and not at the operator's, if a library is missing.
RUN ["/usr/local/bin/styx", "version"]
WORKDIR /opt/charon
USER 1000:1000
EXPOSE 3600 3610 3620 3640
# Mount the operator's .charon at /opt/charon/.charon. No VOLUME: a journal in a nameless volume is soon lost. The
# root may be read-only (--read-only --tmpfs /tmp): written are the journal and what lies beside it, in .charon.
STOPSIGNAL SIGTERM
# Whether the process answers, not whether it is ready: nothing should restart a node because its beacon node is down.
# Of a relay, and with another --monitoring-address, give a health check of your own.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["wget", "-q", "-O", "/dev/null", "http://127.0.0.1:3620/livez"]
ENTRYPOINT ["/usr/local/bin/styx"]
CMD ["run"]
