# One image for web and worker; the command decides which. Keys come as files, at run time, never into the image.
#
#   keys     docker run --rm -v ./secrets:/data -e PANEL_ENV=development run402-panel manage keysets_init
#            which writes secrets/keys/*.json; web's container gets vault-public.json, audit-public.json and results.json
#            and nothing else of them. Mount folders, not single files: a rotation replaces files, which a mount of one hides.
#   prepare  docker run --rm -v panel:/data --env-file .env run402-panel prepare
#   owner    docker run --rm -v panel:/data --env-file .env run402-panel manage first_owner --email you@example.com
#   web      docker run -v panel:/data --env-file .env -p 8000:8000 run402-panel
#   worker   docker run -v panel:/data --env-file .env --env-file worker.env run402-panel worker
#
# .env.example says which variables belong into .env and which into worker.env.

ARG PYTHON=3.13

FROM python:${PYTHON}-slim-bookworm AS build
RUN pip install --no-cache-dir --disable-pip-version-check uv==0.13.9
WORKDIR /app
ENV UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1 UV_PYTHON_DOWNLOADS=never
# The locked packages first: they change less often than the code.
COPY pyproject.toml uv.lock ./
RUN uv sync --frozen --no-dev --python "$(command -v python3)"
COPY . .
# Wallets that pay by MPP: --build-arg MPP=1. Where both locks name a package, the extra's version stays.
ARG MPP=0
RUN if [ "$MPP" = 1 ]; then \
    uv pip install --python .venv/bin/python --no-deps --require-hashes -r requirements-mpp.txt; fi
# Names and compresses the static files. The key signs nothing: it lives for this one command.
RUN PANEL_ENV=production PANEL_URL=https://build.invalid PANEL_DATA=/tmp/build \
    PANEL_SECRET_KEY="$(python3 -c 'import secrets; print(secrets.token_urlsafe(50))')" \
    .venv/bin/python manage.py collectstatic --no-input

FROM python:${PYTHON}-slim-bookworm
RUN groupadd --system --gid 10402 panel \
    && useradd --system --uid 10402 --gid panel --home-dir /data --shell /usr/sbin/nologin panel \
    && install -d -o panel -g panel -m 0700 /data
COPY --from=build /app /app
COPY --chmod=0755 tools/container /usr/local/bin/panel
WORKDIR /app
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    PANEL_ENV=production PANEL_DATA=/data
USER panel
VOLUME /data
EXPOSE 8000
ENTRYPOINT ["panel"]
CMD ["web"]
# A worker has no port: its own liveness is the age of its heartbeat, which the panel shows.
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=3 CMD ["panel", "health"]
