"""How fast training is, against the plain way: `python benchmarks/train.py`.

The plain way is the loop that comes to mind first: transformers' own loss, eager, torch's AdamW as it is, a loop over
batches that are made when they are asked for. Both ways learn from the same windows of the same files, in the same
precision, in this process, and take turns, so that what else the machine does falls on both. The first steps of each
are not counted: they compile. On a GPU: `small`, 16 windows of 640 frames, bf16; on a CPU `tiny` as params.yaml has it.
"""

import argparse
import statistics
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from torch.utils.data import DataLoader

from legato.contract.codes import write_codes
from legato.dia import model as dia
from legato.dia import speed
from legato.dia.batches import TEXT_MULTIPLE, Batch
from legato.dia.config import SIZES, Size, TrainParams
from legato.dia.dataset import StoredTrack
from legato.dia.loader import Steps, load_steps, workers_for
from legato.dia.run import new_run
from legato.dia.step import Recorded, Step, fit_for
from legato.dia.training import LOG_EVERY, learn
from legato.tokens import CODEBOOK_SIZE, N_CHANNELS
from legato.work import compiler_cache
from legato.workspace import params as legato_params

N_TRACKS, TRACK_FRAMES = 64, 2600
TAGS = ("guitar pop beat", "in D major", "strummed chords", "acoustic steel string guitar", "104 bpm", "wide stereo")
GPU = {"size": "small", "batch": 16, "frames": 640}
SIZES["20M"] = Size(  # between `tiny` and `small`: its kernels are short, and launching them counts
    encoder_layers=4,
    encoder_width=256,
    encoder_heads=4,
    decoder_layers=4,
    decoder_width=320,
    decoder_heads=8,
    decoder_kv_heads=4,
    head_dim=48,
    mlp_ratio=3,
)
Way = tuple[Callable[[Any], None], Iterator[Any]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--size", choices=list(SIZES))
    parser.add_argument("--batch", type=int)
    parser.add_argument("--frames", type=int)
    parser.add_argument("--steps", type=int, help="counted, in a round")
    parser.add_argument("--warmup", type=int, help="not counted")
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    device = dia.pick_device(chosen.device)
    on_gpu = device.type == "cuda"
    asked = {name: getattr(chosen, name) for name in GPU if getattr(chosen, name) is not None}
    steps, warmup = chosen.steps or (100 if on_gpu else 5), chosen.warmup or (20 if on_gpu else 2)
    section = legato_params.load("train", TrainParams).model_dump() | (GPU if on_gpu else {}) | asked
    n_steps = warmup + steps * chosen.rounds
    params = TrainParams.model_validate(section | {"start": None, "device": device.type, "steps": n_steps})
    with tempfile.TemporaryDirectory() as folder:
        compare(params, list(write_tracks(Path(folder))), device, warmup, chosen.rounds)


def compare(params: TrainParams, tracks: list[StoredTrack], device: torch.device, warmup: int, rounds: int) -> None:
    """Print each way's median over the rounds."""
    steps = (params.steps - warmup) // rounds
    ours, step = our_way(params, tracks, device)
    ways = {"plain": plain_way(params, tracks, device), "ours": ours}
    found: dict[str, list[dict[str, float]]] = {name: [] for name in ways}
    with torch.device("meta"):
        model = dia.DiaForConditionalGeneration(dia.dia_config(SIZES[params.size]))
    flops, peak = params.batch * speed.flops_per_window(model, params.frames, TEXT_MULTIPLE), speed.peak_flops(device)
    for way in ways.values():
        run_steps(way, warmup)
    for _ in range(rounds):
        for name, way in ways.items():
            found[name].append(run_steps(way, steps).lap(params.batch * params.frames, flops, peak))
    machine = torch.cuda.get_device_name(device) if device.type == "cuda" else f"{torch.get_num_threads()} CPU threads"
    millions = dia.n_parameters(model) / 1e6
    print(f"{params.size}, {millions:.1f} M parameters, {params.batch} x {params.frames} frames a step, {machine}")
    print(f"{'way':6} {'ms a step':>10} {'frames/s':>10} {'x plain':>8} {'MFU':>7} {'wait':>8}")
    for name, laps in found.items():
        pairs = zip(found["plain"], laps, strict=True)
        gain = statistics.median(plain["ms_per_step"] / lap["ms_per_step"] for plain, lap in pairs)
        middle = {key: statistics.median(lap[key] for lap in laps) for key in laps[0]}
        mfu = f"{middle['mfu']:7.1%}" if peak else f"{'':>7}"
        print(
            f"{name:6} {middle['ms_per_step']:10.1f} {middle['frames_per_second']:10.0f} {gain:8.2f} "
            f"{mfu} {middle['wait_share']:8.2%}"
        )
    if isinstance(step, Recorded):
        print(f"ours: {step.n_recordings} CUDA graphs, {step.n_replays} of {params.steps} steps replayed")


def run_steps(way: Way, steps: int) -> speed.Stopwatch:
    """Take so many steps, timed."""
    step, batches = way
    stopwatch = speed.Stopwatch()
    watched = stopwatch.watch(batches)
    for _ in range(steps):
        step(next(watched))
    return stopwatch


def our_way(params: TrainParams, tracks: list[StoredTrack], device: torch.device) -> tuple[Way, Step | Recorded]:
    """What the train stage does in a step."""
    accelerator = Accelerator(cpu=device.type == "cpu", mixed_precision="no")
    run = new_run(params, [], device)
    learner = dia.Learner(run.model, dia.pick_precision(params.precision, device))
    if device.type == "cuda":
        compiler_cache.folder()  # what is compiled is kept there
        learner.compile(dynamic=False)
    loader = load_steps(Steps(params, tracks), 1, params.steps, workers_for(device, 1))
    step = fit_for(Step(accelerator, learner, run, params), params)

    def take(parts: Any) -> None:
        learn(step, run, parts, params)
        if run.step % LOG_EVERY == 0:
            run.read_norms()

    return (take, iter(loader)), step


def plain_way(params: TrainParams, tracks: list[StoredTrack], device: torch.device) -> Way:
    """The loop that comes to mind first."""
    model = dia.build(SIZES[params.size], params.seed).to(device).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=params.learning_rate)
    precision = dia.pick_precision(params.precision, device)

    def step(batch: Batch) -> None:
        batch = batch.to(device)
        with torch.autocast(device.type, precision, enabled=precision != torch.float32):
            loss = model(
                input_ids=batch.text_BL,
                attention_mask=batch.text_mask_BL,
                decoder_input_ids=batch.inputs_BTK,
                labels=batch.labels_BTK.transpose(1, 2).flatten(0, 1),
                use_cache=False,
            ).loss
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), params.clip_norm)
        optimizer.step()
        loss.item()

    loader: DataLoader = load_steps(Steps(params, tracks), 1, params.steps)
    return step, (parts[0].batch for parts in loader)


def write_tracks(folder: Path) -> Iterator[StoredTrack]:
    """Tracks of random codes, in files."""
    generator = torch.Generator().manual_seed(0)
    for index in range(N_TRACKS):
        path = folder / f"{index}.pt"
        shape = (TRACK_FRAMES, N_CHANNELS)
        write_codes(path, torch.randint(CODEBOOK_SIZE, shape, generator=generator).to(torch.int16))
        yield StoredTrack(path.stem, TAGS, path, TRACK_FRAMES, "", None)


if __name__ == "__main__":
    main()
