# syntax=docker/dockerfile:1

FROM rust:1-slim-bookworm AS build
WORKDIR /src
COPY . .
# The caches keep the registry and the compiled dependencies between builds; what is in them is not in the image.
RUN --mount=type=cache,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,target=/target,sharing=locked \
    CARGO_TARGET_DIR=/target cargo build --release --locked --bin taskforce \
    && install -D /target/release/taskforce /out/taskforce

FROM debian:bookworm-slim
# ca-certificates for outgoing calls; it brings the openssl command, with which docker-compose.yml makes the signing key.
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin taskforce \
    && install -d -o taskforce -g taskforce -m 0700 /var/lib/taskforce
COPY --from=build /out/taskforce /usr/local/bin/taskforce
USER taskforce
WORKDIR /var/lib/taskforce
# Inside a container loopback reaches nobody; who may reach the port is decided where it is published.
ENV TASKFORCE_BIND=0.0.0.0:8080 TASKFORCE_DATA_DIR=/var/lib/taskforce TASKFORCE_LOG=json
EXPOSE 8080
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s --retries=3 \
    CMD ["taskforce", "healthcheck"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["taskforce"]
CMD ["serve"]
