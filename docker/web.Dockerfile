# The site: no torch, no GPU, no sandbox. Built from the repository's root:
#   docker build -f docker/web.Dockerfile -t stylearena-web .
FROM python:3.11-slim-bookworm AS build
WORKDIR /src
COPY . .
RUN pip install --quiet "uv==$(sed -n 's/^uv==\([0-9.]*\).*/\1/p' requirements.lock)" \
 && python -m venv /opt/stylearena \
 && uv pip install --quiet --no-cache --python /opt/stylearena/bin/python --compile-bytecode \
      --constraint requirements.lock --override docker/web-overrides.txt ".[site]"

FROM python:3.11-slim-bookworm
RUN useradd --uid 1000 --create-home --shell /usr/sbin/nologin arena \
 && install -d -o arena -g arena /srv/stylearena /srv/datasets
COPY --from=build /opt/stylearena /opt/stylearena
ENV PATH=/opt/stylearena/bin:$PATH \
    DJANGO_SETTINGS_MODULE=stylearena.settings \
    PYTHONUNBUFFERED=1 \
    STYLEARENA_DATA_DIR=/srv/stylearena \
    STYLEARENA_DATASETS_DIR=/srv/datasets
USER arena
WORKDIR /srv/stylearena
EXPOSE 8000
# The health check speaks as the proxy would, so that the redirect to https does not hide a fault.
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s CMD ["python", "-c", \
  "import os, urllib.request as u; u.urlopen(u.Request('http://127.0.0.1:8000/healthz', headers={'Host': os.environ['STYLEARENA_ALLOWED_HOSTS'].split(',')[0]}), timeout=4)"]
CMD ["gunicorn", "stylearena.wsgi", "--bind=0.0.0.0:8000", "--worker-class=gthread", \
     "--workers=2", "--threads=8", "--timeout=120", "--access-logfile=-"]
