# One build for every executable; the final image holds no toolchain.
FROM swift:6.3-bookworm AS build
RUN apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends \
        libcairo2-dev libcurl4-openssl-dev libhiredis-dev libphonenumber-dev libqrencode-dev \
        libsqlite3-dev pkg-config zlib1g-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
# What was compiled is kept between builds of the image.
RUN --mount=type=cache,target=/src/.build,sharing=locked \
    swift build -c release --static-swift-stdlib \
    && mkdir /out \
    && for name in ringback scheduler server worker-sync worker-attribution worker-conversion \
        worker-export worker-upkeep elevenlabs-simulator; do \
        strip --strip-debug -o "/out/$name" "$(swift build -c release --static-swift-stdlib --show-bin-path)/$name" \
        || exit 1; done

FROM debian:bookworm-slim
RUN apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends \
        ca-certificates curl libcairo2 libcurl4 libhiredis0.14 libjs-chart.js libphonenumber8 libqrencode4 \
        libsqlite3-0 libstdc++6 tzdata zlib1g \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin ringback \
    && install -d -o ringback -g ringback -m 0750 /data /simulator
COPY --from=build /out/ /usr/local/bin/
COPY schedules /app/schedules
COPY rules /app/rules
COPY web /app/web
WORKDIR /app
USER ringback
VOLUME /data
ENV RINGBACK_DB=/data/ringback.sqlite \
    RINGBACK_EXPORTS=/data/exports \
    RINGBACK_SCHEDULES=/app/schedules \
    RINGBACK_RULES=/app/rules \
    RINGBACK_WEB=/app/web \
    LOG_FORMAT=json
CMD ["ringback", "status"]
