# Built in two steps: what compiles stays behind. No step knows a processor: npm takes the native
# packages of the platform that it runs on, so `docker buildx build --platform linux/amd64,linux/arm64`
# makes both. scripts/image.sh runs these very steps without an engine.
ARG NODE_IMAGE=node:24-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --no-fund --no-audit
COPY . .
RUN npm run build
RUN npm prune --omit=dev --no-fund --no-audit \
  && rm -rf dist/test dist/bench dist/scripts dist/web \
  && find dist node_modules -name '*.map' -type f -delete

FROM ${NODE_IMAGE}
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Tidemark" \
  org.opencontainers.image.description="Every market's price, watched pages and news as time series in InfluxDB 2" \
  org.opencontainers.image.licenses="MIT" \
  org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${REVISION}"
# Beyond loopback, as a container must listen, Tidemark does not start without API_KEYS.
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8001 DATA_DIR=/data
WORKDIR /app
COPY --from=build /app/package.json /app/package-lock.json /app/LICENSE ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/flux flux
COPY --from=build /app/registry/migrations registry/migrations
COPY --from=build /app/dist dist
# By number, so that Kubernetes sees that it is not root. Nothing below /app belongs to it.
RUN mkdir /data && chown 1000:1000 /data
USER 1000:1000
VOLUME /data
EXPOSE 8001
STOPSIGNAL SIGTERM
# A role without the API answers /healthz and /readyz all the same.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=6 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/healthz`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/app/dist/main.js"]
CMD ["start"]
