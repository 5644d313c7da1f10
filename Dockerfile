# The app and the command line. Studies lie in the volume /studies, the keys of their pseudonyms in
# the volume /keys (keep both: a key cannot be made again); see docs or README for logins.
#   docker build -t clam-explorer .
#   docker run --rm --network host -v "$PWD/studies:/studies" -v "$HOME/clam-keys:/keys" clam-explorer
# It prints the address that opens the app, with a token that is new at each start.
FROM python:3.11-slim

RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgomp1 \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /src
COPY . /src
RUN python -m pip install --no-cache-dir "/src[app,export]"

# Nobody in the container may write anything but studies.
RUN useradd --create-home --uid 1000 clam \
    && mkdir -p /studies /keys \
    && chown clam:clam /studies /keys \
    && chmod 700 /keys
USER clam
WORKDIR /home/clam
VOLUME /studies /keys
ENV CLAM_KEYS=/keys
EXPOSE 8501

# 127.0.0.1 is this container alone, or with `--network host` this machine alone. To be reached
# from elsewhere (`-e CLAM_ADDRESS=0.0.0.0 -p 8501:8501`) the app wants a login: mount a
# secrets.toml with a section [auth] at /home/clam/.streamlit/secrets.toml, or name the headers of
# a proxy in its config.toml, set CLAM_PROXY_KEY, and declare the name under which people reach it
# (CLAM_ALLOWED_HOSTS). Without either it answers, and shows nothing.
ENV CLAM_ADDRESS=127.0.0.1
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD python -c "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8501/_stcore/health', timeout=4)"
CMD exec clam app /studies --address "$CLAM_ADDRESS" --headless
