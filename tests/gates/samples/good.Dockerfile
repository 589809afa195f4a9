FROM python:3.11-slim-bookworm@sha256:5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed
RUN pip install --no-cache-dir --require-hashes --requirement requirements.txt
USER 10001:10001
HEALTHCHECK NONE
ENTRYPOINT ["nightlabel"]
