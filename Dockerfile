# syntax=docker/dockerfile:1

FROM rust:1-slim-bookworm AS build
# make builds the allocator.
RUN apt-get update \
    && apt-get install -y --no-install-recommends make \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
# The caches keep the registry and the compiled dependencies between builds; the image does not contain the caches.
RUN --mount=type=cache,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,target=/target,sharing=locked \
    CARGO_TARGET_DIR=/target cargo build --release --locked --bin taskforce \
    && install -D /target/release/taskforce /out/taskforce

FROM debian:bookworm-slim
# ca-certificates serves outgoing calls and installs the openssl command, which creates the signing key in docker-compose.yml.
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin taskforce \
    && install -d -o taskforce -g taskforce -m 0700 /var/lib/taskforce
COPY --from=build /out/taskforce /usr/local/bin/taskforce
USER taskforce
WORKDIR /var/lib/taskforce
# Inside a container, clients cannot reach loopback. The publisher of the port decides which clients reach the port.
ENV TASKFORCE_BIND=0.0.0.0:8080 TASKFORCE_DATA_DIR=/var/lib/taskforce TASKFORCE_LOG=json
EXPOSE 8080
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s --retries=3 \
    CMD ["taskforce", "healthcheck"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["taskforce"]
CMD ["serve"]
