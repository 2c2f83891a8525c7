# Images of the operator, of the gateway and of the sidecar, a target each:
#   docker build --target operator     -t ghcr.io/llm-operator/operator:0.1.0 .
#   docker build --target gateway      -t ghcr.io/llm-operator/gateway:0.1.0 .
#   docker build --target prompt-trace -t ghcr.io/llm-operator/prompt-trace:0.1.0 .
# Programs are self-contained, trimmed and compiled ahead. What they run on has no shell, no package manager and no user but the one below, whom the manifests name too.
ARG DOTNET=10.0

FROM --platform=$BUILDPLATFORM mcr.microsoft.com/dotnet/sdk:${DOTNET} AS source
ARG TARGETARCH=amd64
ENV DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
WORKDIR /source
COPY . .

FROM source AS build-operator
RUN dotnet publish src/LlmOperator -c Release --os linux -a ${TARGETARCH} -p:Trim=true -o /out

FROM source AS build-gateway
RUN dotnet publish src/LlmOperator.Gateway -c Release --os linux -a ${TARGETARCH} -p:Trim=true -o /out

FROM source AS build-prompt-trace
RUN dotnet publish src/LlmOperator.PromptTrace -c Release --os linux -a ${TARGETARCH} -p:Trim=true -o /out

FROM mcr.microsoft.com/dotnet/runtime-deps:${DOTNET}-noble-chiseled AS base
WORKDIR /app
USER 65532:65532

FROM base AS operator
COPY --from=build-operator /out .
ENTRYPOINT ["/app/llm-operator"]

FROM base AS gateway
COPY --from=build-gateway /out .
ENTRYPOINT ["/app/llm-gateway"]

FROM base AS prompt-trace
COPY --from=build-prompt-trace /out .
ENTRYPOINT ["/app/prompt-trace"]
