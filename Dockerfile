# One image for one gateway: on the embedded stores with a volume at /data, or on servers by EVENTSTORE_URL and MONGODB_URL.
#   docker build --build-arg REVISION="$(git rev-parse HEAD)" -t webhook-gateway .

# The dependency "node" is for people whose own Node is older; here its script would only fetch what the image has.
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY scripts/build.ts scripts/build.ts
COPY scripts/build scripts/build
COPY src ./src
# What /metrics and the line "ready" name as the revision; the repository is not in here.
ARG REVISION=unknown
RUN REVISION=${REVISION} npm run build

FROM node:24-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts

FROM node:24-bookworm-slim
# In a container every address but 0.0.0.0 would be out of reach for others; what is published decides who gets in.
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    PORT=8080 \
    DATA_DIR=/data
WORKDIR /app
# The program belongs to root and cannot be changed by the user that runs it; only the data folder is that user's.
RUN install -d -o node -g node -m 0700 /data
COPY package.json ./
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
VOLUME /data
# The user "node", by its number, so that whoever forbids root can see that this is not root.
USER 1000:1000
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=120s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.PORT + '/livez').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# The flags of `npm start`. An entry point, so that a subcommand can follow: `docker run webhook-gateway export …`.
ENTRYPOINT ["node", "--max-semi-space-size=64", "dist/main.js"]
