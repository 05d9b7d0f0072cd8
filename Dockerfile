# The page is built with Node.js and bun; what runs has neither.
FROM node:22-bookworm-slim AS node

FROM python:3.11-slim-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends make && rm -rf /var/lib/apt/lists/*
COPY --from=node /usr/local/bin/node /usr/local/bin/node
COPY --from=node /usr/local/lib/node_modules/npm /usr/local/lib/node_modules/npm
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
WORKDIR /maestro
# The locks first: a change of our own code alone installs nothing again.
COPY Makefile requirements.lock package.json package-lock.json .npmrc ./
COPY tools tools
RUN make .venv/.runtime node_modules/.bun
COPY . .
RUN make page

FROM python:3.11-slim-bookworm
RUN apt-get update && apt-get install -y --no-install-recommends git ripgrep \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --create-home maestro \
    && install -d -o maestro -g maestro /data
WORKDIR /maestro
COPY --from=build /maestro/.venv .venv
COPY --from=build /maestro/.web/build .web/build
COPY --from=build /maestro/.web/backend .web/backend
COPY . .
ENV PATH=/maestro/.venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    REFLEX_TELEMETRY_ENABLED=false \
    REFLEX_CHECK_LATEST_VERSION=false \
    MAESTRO_DATA_DIR=/data
USER maestro
VOLUME /data
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s CMD \
    ["python", "-c", "import os, urllib.request as u; u.urlopen(f'http://127.0.0.1:{os.environ.get(\"MAESTRO_PORT\", 3000)}/healthz', timeout=4)"]
CMD ["python", "-m", "app.cli", "serve"]
