# Two images of one program; each has the other's commands, but not always the packages that they need.
#   docker build -t assay --target predictor .       serves bundles, stores them and promotes them
#   docker build -t assay-full --target full .       the console and training, too: what `predictor` does, and more
#   docker build -t assay --target predictor --build-arg EXTRAS=s3 .    which also fetches from s3://…
# The order is for Docker's classic builder, which makes every stage before the target.
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS environment
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/assay
WORKDIR /build
# What changes rarely comes first: these layers are built once for a requirements/image.txt.
COPY requirements/image.txt requirements/build.in requirements/
RUN /opt/assay/bin/pip install --no-compile --require-hashes --no-deps --requirement requirements/image.txt
ARG EXTRAS=
COPY requirements/s3.txt requirements/
RUN for extra in $EXTRAS; do \
      /opt/assay/bin/pip install --no-compile --require-hashes --no-deps --requirement "requirements/$extra.txt" || exit 1; \
    done

FROM environment AS wheel
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
RUN /opt/assay/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheel .

FROM environment AS predictor-build
COPY --from=wheel /wheel /wheel
# A container's root may be read-only: bytecode is made here, and taken as it is.
RUN /opt/assay/bin/pip install --no-compile --no-deps /wheel/*.whl \
 && /opt/assay/bin/pip uninstall --quiet --yes --requirement requirements/build.in setuptools pip \
 && find /opt/assay -depth -type d -name tests -exec rm -r {} + \
 && python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/assay/lib

FROM ${BASE} AS base
LABEL org.opencontainers.image.title="Assay" \
      org.opencontainers.image.description="Serves ONNX models, stores bundles, and promotes a revision once it is shown not to be worse" \
      org.opencontainers.image.licenses="Apache-2.0"
# The base image comes without the bytecode of Python's own library.
RUN python -m compileall -q -j 0 --invalidation-mode unchecked-hash -x '/(lib2to3|site-packages|test|tests)/' /usr/local/lib/python3.11
ENV PATH=/opt/assay/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 65532:65532
ENTRYPOINT ["assay"]
CMD ["--help"]

FROM base AS predictor
COPY --from=predictor-build /opt/assay /opt/assay
EXPOSE 8000 8080

FROM environment AS full-environment
COPY requirements/full.txt requirements/
RUN /opt/assay/bin/pip install --no-compile --require-hashes --no-deps --requirement requirements/full.txt

# setuptools stays: some of what training needs asks for it.
FROM full-environment AS full-build
COPY --from=wheel /wheel /wheel
RUN /opt/assay/bin/pip install --no-compile --no-deps /wheel/*.whl \
 && /opt/assay/bin/pip uninstall --quiet --yes --requirement requirements/build.in pip \
 && find /opt/assay -depth -type d -name tests -exec rm -r {} + \
 && python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/assay/lib

FROM base AS full
COPY --from=full-build /opt/assay /opt/assay
EXPOSE 8000 8070 8080
