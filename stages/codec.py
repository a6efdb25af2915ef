"""codec: put the weights that params.yaml names in place, fetched and checked."""

from legato.codec import model as codec
from legato.codec.engine import device_of
from legato.codec.weights import CodecParams, fetch
from legato.errors import stage
from legato.work.recorded import verified
from legato.workspace import params
from legato.workspace.layout import WEIGHTS


def main() -> None:
    wanted = params.load("codec", CodecParams)
    sha256 = fetch(wanted)
    codec.load(WEIGHTS.path)  # so that weights of another kind fail here, not after all rendering
    device_of(params.load("encode.device", str))  # and a GPU that is not there too
    print(f"codec {wanted.weights}: sha256 {sha256}")


if __name__ == "__main__":
    stage(verified(main))
