# Images of one program; each has the other's commands, but not always the packages that they need.
#   docker build -t assay --target predictor .       serves bundles, records, stores bundles, keeps the database
#   docker build -t assay-full --target full .       promotes, trains, has the console and one machine's gateway, too
#   docker build -t assay-standalone --target standalone .    `full`, as one container with everything behind one port
#   docker build -t assay --target predictor --build-arg EXTRAS="s3 kserve" .    with requirements/s3.txt and kserve.txt
# VERSION is what `assay --version` is to say, REVISION the commit; `make image` names both.
# The order is for Docker's classic builder, which makes every stage before the target.
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
# For `strip`: many wheels come with their libraries' symbols.
RUN apt-get update -qq && apt-get install -qq --no-install-recommends binutils >/dev/null && rm -rf /var/lib/apt/lists/*
# No environment of an image has pip or setuptools: the base's pip installs into it.
RUN python -m venv --without-pip /opt/assay
WORKDIR /build

FROM build AS wheel
COPY requirements/build.txt requirements/
RUN python -m venv --without-pip /opt/build \
 && pip --python /opt/build/bin/python install --require-hashes --no-deps --requirement requirements/build.txt
COPY LICENSE README.md pyproject.toml ./
COPY access access
COPY assay assay
COPY bundle bundle
COPY console console
COPY content_store content_store
COPY dataset dataset
COPY open_inference open_inference
COPY predictor predictor
COPY promotion promotion
COPY records records
COPY training training
ARG VERSION=0.0.0
RUN SETUPTOOLS_SCM_PRETEND_VERSION=$VERSION \
    pip --python /opt/build/bin/python wheel --no-deps --no-build-isolation --wheel-dir /wheel .

# What changes rarely comes first: this layer is built once for a requirements/predictor.txt.
FROM build AS predictor-environment
COPY requirements/predictor.txt requirements/
RUN pip --python /opt/assay/bin/python install --no-compile --require-hashes --no-deps --requirement requirements/predictor.txt
# What no predictor reads: tests, sources of compiled code, stubs, symbols. ONNX Runtime's wheel has its engine twice: once
# inside of the Python module, and once as libonnxruntime.so for programs in C. Libraries that a wheel has taken along
# (*.libs) were moved about inside, which strip does not know of, and keep their symbols; that all can be loaded is tried.
RUN cd /opt/assay/lib/python3.11/site-packages \
 && find . -depth -type d -name tests -exec rm -r {} + \
 && find . -type f -regex '.*\.\(a\|c\|cc\|cpp\|h\|hpp\|pxd\|pyi\|pyx\)' -delete \
 && rm -r onnxruntime/transformers onnxruntime/quantization onnxruntime/tools numpy/f2py numpy/distutils sqlalchemy/testing \
 && rm onnxruntime/capi/libonnxruntime.so.* \
 && find . -type f -name '*.so*' -not -path '*.libs/*' -exec strip --strip-unneeded {} + \
 && find "$PWD" -type f -name '*.so*' | /opt/assay/bin/python -c 'import ctypes, sys; [ctypes.CDLL(line.strip()) for line in sys.stdin]'
# Extras are taken as they come: what they can do without, nobody has tried.
ARG EXTRAS=
COPY requirements/s3.txt requirements/kserve.txt requirements/ray.txt requirements/
RUN for extra in $EXTRAS; do \
      pip --python /opt/assay/bin/python install --no-compile --require-hashes --no-deps --requirement "requirements/$extra.txt" || exit 1; \
    done

# A container's root may be read-only: bytecode is made here, and taken as it is.
FROM predictor-environment AS predictor-build
COPY --from=wheel /wheel /wheel
RUN pip --python /opt/assay/bin/python install --no-compile --no-deps /wheel/*.whl \
 && python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/assay/lib

FROM ${BASE} AS base
# The base image comes without the bytecode of Python's own library.
RUN python -m compileall -q -j 0 --invalidation-mode unchecked-hash \
      -x '/(ensurepip|idlelib|lib2to3|pydoc_data|site-packages|test|tests|tkinter|turtledemo)/' /usr/local/lib/python3.11
# Where a volume is mounted, it is to be nobody's own.
RUN install -d -o 65532 -g 65532 /data
ENV HOME=/tmp PATH=/opt/assay/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 65532:65532
ENTRYPOINT ["assay"]
CMD ["--help"]
LABEL org.opencontainers.image.title="Assay" \
      org.opencontainers.image.licenses="Apache-2.0"

FROM base AS predictor
COPY --from=predictor-build /opt/assay /opt/assay
EXPOSE 8000 8080
# Of `assay serve`, on the port of ASSAY_HTTP_PORT or 8000; Kubernetes asks by probes of its own instead.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
  CMD ["python", "-IS", "-c", "import os, http.client as h; c = h.HTTPConnection('localhost', int(os.environ.get('ASSAY_HTTP_PORT', 8000)), timeout=4); c.request('GET', '/v2/health/ready'); raise SystemExit(c.getresponse().status != 200)"]
ARG BASE
ARG REVISION=
ARG VERSION=0.0.0
LABEL org.opencontainers.image.description="Serves ONNX models, records what it answers, stores bundles" \
      org.opencontainers.image.base.name="${BASE}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.version="${VERSION}"

FROM build AS full-environment
COPY requirements/full.txt requirements/
RUN pip --python /opt/assay/bin/python install --no-compile --require-hashes --no-deps --requirement requirements/full.txt
ARG EXTRAS=
COPY requirements/s3.txt requirements/kserve.txt requirements/ray.txt requirements/
RUN for extra in $EXTRAS; do \
      pip --python /opt/assay/bin/python install --no-compile --require-hashes --no-deps --requirement "requirements/$extra.txt" || exit 1; \
    done \
 && find /opt/assay -depth -type d -name tests -exec rm -r {} +

FROM full-environment AS full-build
COPY --from=wheel /wheel /wheel
RUN pip --python /opt/assay/bin/python install --no-compile --no-deps /wheel/*.whl \
 && python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/assay/lib

FROM base AS full
COPY --from=full-build /opt/assay /opt/assay
EXPOSE 8000 8070 8080
# Of `assay console`, on the port of ASSAY_CONSOLE_PORT or 8070.
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s \
  CMD ["python", "-IS", "-c", "import os, http.client as h; c = h.HTTPConnection('localhost', int(os.environ.get('ASSAY_CONSOLE_PORT', 8070)), timeout=8); c.request('GET', '/health'); raise SystemExit(c.getresponse().status != 200)"]
ARG BASE
ARG REVISION=
ARG VERSION=0.0.0
LABEL org.opencontainers.image.description="Promotes a revision once it is shown not to be worse; trains; the console" \
      org.opencontainers.image.base.name="${BASE}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.version="${VERSION}"

# The console, its predictors and its gateway in one container, behind one port; SQLite in /data.
FROM full AS standalone
ENV ASSAY_CONSOLE_STATE=/data/console \
    ASSAY_CONSOLE_HOST=0.0.0.0 \
    ASSAY_CONSOLE_PORT=7860 \
    ASSAY_CONSOLE_HAS_INFERENCE=true \
    ASSAY_CONSOLE_ENDS_ALL=true \
    ASSAY_CONSOLE_LOG_FORMAT=json
VOLUME /data
EXPOSE 7860
CMD ["console", "--holdout", "digits:holdout", "--data", "digits:part-1"]
LABEL org.opencontainers.image.description="All of Assay in one container, behind one port"
