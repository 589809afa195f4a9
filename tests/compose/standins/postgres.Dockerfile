# Stands in for docker.io/library/postgres where no image can be pulled: PostgreSQL of Debian, told in the same way.
ARG BASE
FROM ${BASE}
RUN apt-get update && apt-get install --yes --no-install-recommends postgresql=15+* && rm -rf /var/lib/apt/lists/* \
    && ln -s /usr/lib/postgresql/15/bin/* /usr/local/bin/ \
    && mkdir -p /var/lib/postgresql/data && chown postgres:postgres /var/lib/postgresql/data
COPY postgres-start /usr/local/bin/postgres-start
USER postgres
ENTRYPOINT ["sh", "/usr/local/bin/postgres-start"]
