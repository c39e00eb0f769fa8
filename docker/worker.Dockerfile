# A judging worker: bubblewrap, and torch and onnxruntime for CUDA. Built from the repository's root:
#   docker build -f docker/worker.Dockerfile -t stylearena-worker .
# torch's wheels carry the CUDA libraries; the host brings the driver and nvidia-container-toolkit.
FROM python:3.11-slim-bookworm AS build
WORKDIR /src
COPY . .
RUN pip install --quiet "uv==$(sed -n 's/^uv==\([0-9.]*\).*/\1/p' requirements.lock)" \
 && python -m venv /opt/stylearena \
 && uv pip install --quiet --no-cache --python /opt/stylearena/bin/python \
      --constraint requirements.lock --override docker/worker-overrides.txt \
      ".[site]" "onnxruntime-gpu[cuda,cudnn]==$(sed -n 's/^onnxruntime==\([0-9.]*\).*/\1/p' requirements.lock)"

FROM python:3.11-slim-bookworm
RUN apt-get update -qq \
 && apt-get install -y -qq --no-install-recommends bubblewrap libseccomp2 \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 1000 --create-home --shell /usr/sbin/nologin arena \
 && install -d -o arena -g arena /srv/stylearena /srv/datasets /srv/weights
COPY --from=build /opt/stylearena /opt/stylearena
ENV PATH=/opt/stylearena/bin:$PATH \
    DJANGO_SETTINGS_MODULE=stylearena.settings \
    PYTHONUNBUFFERED=1 \
    ORT_DISABLE_TELEMETRY=1 \
    STYLEARENA_DATA_DIR=/srv/stylearena \
    STYLEARENA_DATASETS_DIR=/srv/datasets \
    STYLEARENA_WEIGHTS_DIR=/srv/weights
USER arena
WORKDIR /srv/stylearena
# Refuses to start where bubblewrap cannot confine an entry (see compose.yaml: seccomp profile).
CMD ["django-admin", "worker"]
