# One image for the API, the beat and CPU workers. A GPU worker needs an engine's CUDA libraries as well:
# install `.[worker]` on the GPU host itself, see docs/operations.md.
FROM python:3.12-slim

RUN apt-get update \
 && apt-get install --yes --no-install-recommends git build-essential \
 && rm -rf /var/lib/apt/lists/*

WORKDIR /opt/plumbline
COPY requirements.lock pyproject.toml README.md ./
COPY api api
COPY cli cli
COPY dashboard dashboard
COPY db db
COPY evals evals
COPY workers workers
COPY demo demo
RUN pip install --no-cache-dir --constraint requirements.lock --editable '.[api,cli,worker]' \
 && pip install --no-cache-dir --no-deps "$(grep '^apache-otava==' requirements.lock)"

RUN useradd --create-home --uid 10001 plumbline \
 && install --directory --owner plumbline /var/lib/plumbline
USER plumbline
ENV PLUMBLINE_HOME=/var/lib/plumbline PYTHONUNBUFFERED=1
EXPOSE 8642
CMD ["python", "-m", "uvicorn", "api.app:create_app", "--factory", "--host", "0.0.0.0", "--port", "8642"]
