"""What several test modules share."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from helpers import clones
from helpers.checkout import SMALL_CODEC
from helpers.clones import Clone
from helpers.dask_cluster import Dask
from helpers.once import made_once
from helpers.s3_server import KEYS, Server
from helpers.waiting import LIMIT_MS, LIMIT_S
from legato.work import item_cache, items

# The same examples in every run; and a busy machine makes none wrong.
settings.register_profile(
    "legato", derandomize=True, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("legato")


def pytest_configure(config: pytest.Config) -> None:
    """Modules are handed out as they are collected, not those of most tests first."""
    config.option.loadscopereorder = False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Modules with a clone of their own take longest: the last one should not be one of them.

    The first one's process builds the clone that all are copied from. The others have half of what needs none to do,
    and need not wait for it.
    """
    modules = list(dict.fromkeys(item.location[0] for item in items))
    long = list(dict.fromkeys(item.location[0] for item in items if "built" in getattr(item, "fixturenames", ())))
    others = [module for module in modules if module not in long]
    half = len(others) // 2
    order = [*long[:1], *others[:half], *long[1:], *others[half:]]
    items.sort(key=lambda item: order.index(item.location[0]))


# What a user's environment may say of Git, DVC, stores, caches and this project. A proxy is not for this machine's own.
PERSONAL = ("AWS_", "BOTO", "DASK_", "DVC_", "GIT_", "HF_", "LEGATO_", "RCLONE_", "TORCHINDUCTOR_", "XDG_")
PROXIES = ("http_proxy", "https_proxy", "all_proxy")


@pytest.fixture(scope="session", autouse=True)
def nobodys_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """All tests run as somebody who has configured nothing and cached nothing."""
    home = tmp_path_factory.mktemp("home")
    browsers = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH", Path.home() / ".cache/ms-playwright"))
    with pytest.MonkeyPatch.context() as environment:
        for name in [*os.environ]:
            if name.startswith(PERSONAL) or name.lower() in PROXIES:
                environment.delenv(name)
        environment.setenv("HOME", str(home))
        environment.setenv("PLAYWRIGHT_BROWSERS_PATH", str(browsers))
        environment.setenv("GIT_CONFIG_NOSYSTEM", "1")
        for name in ("DVC_GLOBAL_CONFIG_DIR", "DVC_SYSTEM_CONFIG_DIR"):
            environment.setenv(name, str(home / "dvc"))
        environment.setenv("DVC_NO_ANALYTICS", "1")
        environment.setenv("TORCHINDUCTOR_CACHE_DIR", str(home / "inductor"))
        yield home


@pytest.fixture(autouse=True)
def own_item_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Each test begins with an empty cache of its own."""
    monkeypatch.setenv(item_cache.VARIABLE, str(tmp_path / "item_cache"))
    return tmp_path / "item_cache"


@pytest.fixture
def dask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Dask]:
    """A Dask cluster that stages use."""
    (tmp_path / "dask").mkdir()
    started = Dask(tmp_path / "dask")
    monkeypatch.setenv(items.SCHEDULER_VARIABLE, started.address)
    monkeypatch.setattr("legato.work.cluster.CONNECT_S", LIMIT_S)
    yield started
    started.stop()


@pytest.fixture
def s3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """An S3 server, whose keys and address this process has."""
    with Server(tmp_path / "store") as server:
        for name, value in {**KEYS, "AWS_ENDPOINT_URL": server.address}.items():
            monkeypatch.setenv(name, value)
        yield server


@pytest.fixture(scope="session")
def codec_model() -> Any:
    """The small codec, loaded once."""
    import torch

    from legato.codec import model as codec

    torch.set_num_threads(1)
    return codec.load(SMALL_CODEC)


@pytest.fixture(scope="session")
def tiny_codec() -> Any:
    """A DAC of the token format's hop, with few channels, two codebooks and random weights: quick on long tracks."""
    import dac
    import torch

    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = dac.DAC(encoder_dim=1, decoder_dim=16, n_codebooks=2, sample_rate=44100)
    with torch.no_grad():
        for parameter in model.encoder.parameters():
            parameter.mul_(1.5)  # so that the signal reaches the end of the network
    return model.eval().requires_grad_(False)


@pytest.fixture(scope="session")
def font(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The SoundFont that the pipeline makes, built once."""
    from legato.soundfont.font import write_font

    return made_once(tmp_path_factory, "soundfont", lambda to: write_font(to / "legato.sf2")) / "legato.sf2"


@pytest.fixture(scope="session")
def built_once(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A clone built from nothing, committed: it is copied, and never changed."""
    return Clone(made_once(tmp_path_factory, "clone", clones.build))


@pytest.fixture(scope="module")
def built(built_once: Clone, tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A module's own built clone. Tests leave it as they found it."""
    return built_once.copy(tmp_path_factory.mktemp("built"))


@pytest.fixture
def edited(built: Clone) -> Iterator[Clone]:
    """The built clone, put back to its commit after the test."""
    yield built
    built.run("git", "checkout", "-q", ".")
    built.run("git", "clean", "-fdq")
    built.run("dvc", "checkout", "-q", "-f", "--allow-missing")


@pytest.fixture
def taken(tmp_path: Path, font: Path, tiny_weights: Path) -> Any:
    """A workspace with a category `taken` of an archive."""
    from helpers.archive_sources import ArchiveWorkspace

    return ArchiveWorkspace(tmp_path, font, tiny_weights)


@pytest.fixture
def micro_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """`train.size` may be micro."""
    from helpers.micro_dia import MICRO
    from legato.dia.config import SIZES

    monkeypatch.setitem(SIZES, "micro", MICRO)


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    """A micro model is slower on two threads, and far slower where another process wants the core."""
    import torch

    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(n_threads)


@pytest.fixture(scope="module")
def micro() -> Any:
    """A Dia of a few numbers that has learnt nothing."""
    from helpers.micro_dia import MICRO
    from legato.dia import model

    return model.build(MICRO, seed=0).eval()


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """The system's Chromium, or else Playwright's own, without a window."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        found = filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome")))
        path = next(found, None)  # None: Playwright's own
        opened = playwright.chromium.launch(executable_path=path, timeout=LIMIT_MS)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def tiny_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of a codec of the dataset's format that is as small as can be and has learnt nothing."""
    import torch

    from legato.codec import model as codec

    architecture = {
        "encoder_dim": 1, "encoder_rates": [2, 4, 8, 8], "decoder_dim": 16, "decoder_rates": [8, 8, 4, 2],
        "n_codebooks": 9, "codebook_size": 1024, "codebook_dim": 8, "sample_rate": 44100,
    }  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = codec.new_model(architecture)
    path = tmp_path_factory.mktemp("weights") / "weights.pth"
    codec.save(path, model.state_dict(), architecture)
    return path
