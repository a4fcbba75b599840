# One image for every role: ROLE decides what a container does (see docs/operations.md).

FROM node:20-bookworm-slim AS build
# better-sqlite3 is compiled here.
RUN apt-get update \
  && apt-get install -y --no-install-recommends python3 make g++ \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /app
# Without scripts: the product's own `prepare` builds it, and its sources are not here yet. The one package that has to
# be compiled is named.
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts && npm rebuild better-sqlite3
COPY tsconfig.json ./
COPY src ./src
RUN npm run build \
  && npm prune --omit=dev --ignore-scripts \
  && rm dist/.tsbuildinfo \
  && chmod 755 dist/cli.js

FROM node:20-bookworm-slim
ENV NODE_ENV=production \
    PORT=3000 \
    DATA_DIR=/data
WORKDIR /app
# All of it belongs to root: the process may read its own code and nothing more.
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY views ./views
COPY public ./public
COPY locales ./locales
RUN ln -s /app/dist/cli.js /usr/local/bin/rostrum \
  && mkdir /data /files \
  && chown node:node /data /files \
  && chmod 700 /data /files
USER node
# SQLite writes here, and recordings unless FILES names another place; with both elsewhere the container may be read-only.
# /files is where a volume of recordings can be mounted: it gets its owner from the image.
VOLUME /data
EXPOSE 3000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/healthz`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/main.js"]
