# The orchestrator: `docker build -t nervesys .`; deploy/docker-compose.yml runs it with Postgres, Vault and a reverse proxy.
# It runs as a user without rights, and its root file system may be read-only: it writes below /var/lib/nervesys alone.

FROM node:24-bookworm-slim AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
# Without scripts: what they build (the page) isn't copied yet, and the base image brings Node itself, which is why the builds
# aren't run by npm: it would look for the package's own Node first.
RUN npm ci --ignore-scripts
COPY . .
RUN node node_modules/vite/bin/vite.js build && node scripts/build.ts && npm prune --omit=dev --ignore-scripts

FROM node:24-bookworm-slim
ENV NODE_ENV=production NERVESYS_HOME=/var/lib/nervesys MALLOC_ARENA_MAX=1
WORKDIR /opt/nervesys
COPY --from=build /src/package.json /src/LICENSE /src/README.md ./
COPY --from=build /src/node_modules node_modules
COPY --from=build /src/dist dist
COPY --from=build /src/config config
COPY --from=build /src/scripts/agent_bootstrap.sh scripts/
COPY --from=build /src/deploy/systemd deploy/systemd
# A new volume takes over this folder, with its owner.
RUN mkdir -p /var/lib/nervesys && cp -r config /var/lib/nervesys/config && chown -R node:node /var/lib/nervesys
USER node
VOLUME /var/lib/nervesys
EXPOSE 7700
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:7700/readyz').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# V8 lets its space for new objects grow to 134 MB where much passes through, as the facts of reports do; 8 MB do as well, and can't be set later.
ENTRYPOINT ["node", "--max-semi-space-size=8", "dist/main.js"]
CMD ["orchestrator"]
