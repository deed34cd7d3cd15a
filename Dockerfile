# The images of maskrun.
#
#   docker build --target job .      a job's image: masks the whole script (docs/gitlab.md)
#   docker build --target binary .   the programs alone, for COPY --from
#
# Both are made from nothing: the job image holds busybox (a POSIX shell and the
# usual tools), CA certificates, and maskrun. The build stage needs Go and a static
# busybox; BUILD_IMAGE names another one that has both. `.ci/run image` builds with
# buildah, twice, and wants one digest.
ARG BUILD_IMAGE=docker.io/library/golang:1.26-alpine

FROM ${BUILD_IMAGE} AS build
# No package cache stays: this stage is thrown away, and nothing is installed later.
RUN if command -v apk >/dev/null; then apk add --no-cache busybox-static ca-certificates; fi
ENV CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS=-buildvcs=false
WORKDIR /src
COPY go.mod go.sum ./
COPY cmd cmd
COPY action action
COPY fetch fetch
COPY internal internal
COPY masker masker
RUN go build -trimpath -ldflags='-s -w -buildid=' -o /out/ ./cmd/maskrun ./cmd/maskrun-stores
COPY templates/rootfs.sh .
RUN sh rootfs.sh /rootfs && cp /out/maskrun /out/maskrun-stores /rootfs/usr/local/bin/

FROM scratch AS binary
COPY --from=build /out/maskrun /out/maskrun-stores /
ENTRYPOINT ["/maskrun"]

FROM scratch AS job
ARG VERSION=devel
ARG REVISION=unknown
LABEL org.opencontainers.image.title="maskrun" \
      org.opencontainers.image.description="Fetches a job's secrets and hides them in its log" \
      org.opencontainers.image.source="https://github.com/maskrun/maskrun" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /rootfs/ /
ENV PATH=/usr/local/bin:/usr/bin:/bin
# Any user id may run it: what has to be written is in /tmp.
ENV HOME=/tmp
ENTRYPOINT ["maskrun", "entrypoint", "--"]
CMD ["sh"]
