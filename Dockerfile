# The image of oidc-ingress: Node, the libraries that it loads, two bundled files; no shell, no package manager, not root.
#
# BUILD_BASE needs only `node` on PATH (and `npm` with BUNDLE=build). BUNDLE=prebuilt takes dist/ as it is, so that the
# image can be built where nothing can be downloaded.
ARG BUILD_BASE=node:26.10.0-bookworm-slim

FROM ${BUILD_BASE} AS build
ARG BUNDLE=build
WORKDIR /src
COPY . .
RUN ["node", "build/image.ts"]

FROM scratch
LABEL org.opencontainers.image.title="oidc-ingress" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.description="Kubernetes ingress controller: client credentials in, verified bearer token out" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /rootfs /
USER 65532:65532
ENV NODE_ENV=production
EXPOSE 8080 8443 10254
STOPSIGNAL SIGTERM
# Threads of V8 for collecting garbage and compiling: one less than cores, instead of four in any case.
ENTRYPOINT ["/bin/node", "--v8-pool-size=0", "/app/oidc-ingress.mjs"]
CMD ["serve"]
