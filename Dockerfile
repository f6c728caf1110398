# syntax=docker/dockerfile:1
# vidette with its embedded language model: no network and no download at run time.
#   docker build -t vidette .
#   docker run --rm -v "$PWD:/media:ro" -v vidette:/data vidette check /media/programme.mp4

FROM python:3.11-slim AS build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends g++ make cmake \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
# The local model's runtime is compiled for any ARM64 or x86-64 processor (with AVX2: since 2013), not for
# the build machine's, and in a layer of its own: a change of vidette does not compile it again.
COPY pyproject.toml ./
ENV CMAKE_ARGS="-DGGML_NATIVE=OFF"
RUN python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['optional-dependencies']['local'], sep='\n')" > local.txt \
    && pip wheel --no-cache-dir --wheel-dir /wheels --requirement local.txt
COPY . .
RUN pip wheel --no-cache-dir --wheel-dir /wheels --find-links /wheels '.[local,postgres,serve]'

FROM python:3.11-slim
# libgomp is the thread runtime that the compiled model runtime links to.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgomp1 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 10001 vidette \
    && install --directory --owner vidette --group vidette /data
RUN --mount=type=bind,from=build,source=/wheels,target=/wheels \
    pip install --no-cache-dir --no-index --find-links /wheels 'vidette[local,postgres,serve]'
USER vidette
# Incidents, kept series and compiled kernels go to the volume; nothing else is written.
ENV XDG_DATA_HOME=/data XDG_CACHE_HOME=/data/cache NUMBA_CACHE_DIR=/data/cache/numba PYTHONUNBUFFERED=1
VOLUME /data
WORKDIR /data
HEALTHCHECK --interval=300s --timeout=30s --start-period=30s --retries=3 CMD ["vidette", "doctor"]
ENTRYPOINT ["vidette"]
CMD ["--help"]
