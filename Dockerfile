# The image of oidc-ingress: the pinned Node, two bundled files, no shell, no package manager, not root.
#
# Both bases are build arguments, so that the image can be built where nothing can be pulled:
#   --build-arg BUILD_BASE=...    Node with npm; skipped when dist/ is already bundled and BUNDLE=prebuilt
#   --build-arg RUNTIME_BASE=...  Node alone; `node` must be on PATH
ARG BUILD_BASE=docker.io/library/node:26.10.0-bookworm-slim
ARG RUNTIME_BASE=gcr.io/distroless/nodejs26-debian12:nonroot
ARG BUNDLE=built

FROM ${BUILD_BASE} AS built
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=optional
COPY . .
RUN node build/bundle.ts

FROM scratch AS prebuilt
COPY dist /src/dist

FROM ${BUNDLE} AS bundle

FROM ${RUNTIME_BASE}
LABEL org.opencontainers.image.title="oidc-ingress" \
      org.opencontainers.image.description="Kubernetes ingress controller: client credentials in, verified bearer token out" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=bundle /src/dist /app
USER 65532:65532
ENV NODE_ENV=production
EXPOSE 8080 8443 10254
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "--enable-source-maps", "/app/oidc-ingress.mjs"]
CMD ["serve"]
